//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gobwas/ws"
)

// channelWire is one channel of a WebSocket that has channels.
type channelWire struct{ *webSocketWire }

// lineOne selects the channel of a channelWire.
var lineOne = []byte("1")

func (c channelWire) send(message []byte) error {
	if err := c.webSocketWire.send(lineOne); err != nil {
		return err
	}
	return c.webSocketWire.send(message)
}

// receive returns the next message. A line that closes the channel is the end of the conversation.
func (c channelWire) receive() ([]byte, error) {
	for {
		message, err := c.webSocketWire.receive()
		if err != nil {
			return nil, err
		}
		switch {
		case len(message) > 0 && message[0] == '-':
			return nil, fmt.Errorf("channel %s: %w", message, errChannelClosed)
		case len(message) > 0 && '0' <= message[0] && message[0] <= '9':
		default:
			return message, nil
		}
	}
}

// errChannelClosed reports that the server has closed a channel.
var errChannelClosed = errors.New("the server has closed the channel")

// onChannels are attacks of clients without a session on a connection with channels.
func onChannels() []attack {
	over := []way{{"channels", "json", true}, {"channels", "msgpack", false}}
	return []attack{
		{name: "channels: opened and closed", ways: over, parallel: 4, play: lines(func(n int) []string {
			return []string{strconv.Itoa(n), "-" + strconv.Itoa(n)}
		})},
		{name: "channels: one after the other selected", ways: over, parallel: 4, play: lines(func(n int) []string { return []string{strconv.Itoa(n%3 + 1)} })},
		{name: "channels: as many as there may be", ways: over, parallel: 4, play: lines(func(n int) []string { return []string{strconv.Itoa(n)} })},
		{name: "channels: closed ones are written to", ways: over, parallel: 4, play: lines(func(int) []string { return []string{"2", "-2", "2"} })},
		{name: "channels: a login in each", ways: over, parallel: 4, play: loginInEach},
	}
}

// lines sends lines often, without waiting for answers, and then a message that ends the conversation.
func lines(of func(n int) []string) func(context.Context, *attacker, *client) error {
	return func(ctx context.Context, a *attacker, c *client) error {
		w, ok := c.wire.(channelWire)
		if !ok {
			return errors.New("the attack needs channels")
		}
		for n := range 2000 * a.times {
			for _, line := range of(n + 1) {
				a.messages.Add(1)
				if err := w.frame(ws.OpText, true, 0, []byte(line)); err != nil {
					return nil //nolint:nilerr // the server has ended the conversation
				}
			}
		}
		return garbage(ctx, a, c)
	}
}

// loginInEach begins a login that waits in each of many channels.
func loginInEach(ctx context.Context, a *attacker, c *client) error {
	w, ok := c.wire.(channelWire)
	if !ok {
		return errors.New("the attack needs channels")
	}
	login := forge(c.serialization, greetings["a login that waits"])
	for n := range 200 * a.times {
		if err := w.frame(ws.OpText, true, 0, []byte(strconv.Itoa(n+1))); err != nil {
			return nil //nolint:nilerr // the server has ended the conversation
		}
		a.messages.Add(1)
		if err := w.webSocketWire.send(login); err != nil {
			return nil //nolint:nilerr // the server has ended the conversation
		}
	}
	return garbage(ctx, a, c)
}
