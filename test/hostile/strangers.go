//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// hello is HELLO with the roles that every client has, and more details.
func hello(more ...entry) []node {
	roles := object{}
	for _, role := range []string{"publisher", "subscriber", "caller", "callee"} {
		roles = append(roles, entry{role, object{}})
	}
	return []node{1, "app", append(object{{"roles", roles}}, more...)}
}

// largest is the length of the largest lists below: with them messages are about as long as the server takes after
// joining, and compressed they are small.
const largest = 100_000

// worst is the attack that is made over every transport with every serialization.
const worst = "values of an unknown key"

// greetings are HELLOs that are costly to read.
var greetings = map[string][]node{
	worst:                              hello(entry{"x", many{largest, object{{"", nil}}}}),
	"a long list of an unknown key":    hello(entry{"x", many{largest, nil}}),
	"a long list of empty lists":       hello(entry{"x", many{largest, []node{}}}),
	"many unknown keys":                {1, "app", numbered{largest, nil}},
	"many features of a role":          {1, "app", object{{"roles", object{{"caller", object{{"features", numbered{largest, true}}}}}}}},
	"many roles":                       {1, "app", object{{"roles", numbered{largest, object{}}}}},
	"many methods":                     hello(entry{"authmethods", many{largest, "wampcra"}}),
	"values of authextra":              hello(entry{"authextra", numbered{largest, object{}}}),
	"deep lists":                       hello(entry{"x", nested(largest)}),
	"a long authid":                    hello(entry{"authid", strings.Repeat("a", 8*largest)}),
	"values beside a pending login":    hello(entry{"authid", "ann"}, entry{"authmethods", []node{"wampcra"}}, entry{"x", many{largest, object{{"", nil}}}}),
	"authextra beside a pending login": hello(entry{"authid", "ann"}, entry{"authmethods", []node{"wampcra"}}, entry{"authextra", numbered{100, object{}}}),
	"a login that waits":               hello(entry{"authid", "ann"}, entry{"authmethods", []node{"wampcra"}}),
	"another realm":                    {1, strings.Repeat("r", 200), object{}},
	"PUBLISH before HELLO":             {16, 1, object{}, "open.1", many{largest, nil}},
	"AUTHENTICATE before HELLO":        {5, "", object{{"x", many{largest, nil}}}},
}

// byStrangers are attacks of clients without a session.
func byStrangers() []attack {
	var all []attack
	for name, message := range greetings {
		over := few
		if name == worst {
			over = ways()
		}
		all = append(all, attack{name: "HELLO: " + name, ways: over, parallel: 20, play: greet(message)})
	}
	return append(all,
		attack{name: "AUTHENTICATE: values of extra", ways: few, parallel: 20, play: answerWith(many{largest, object{{"", nil}}})},
		attack{name: "bytes that are no message", ways: few, parallel: 20, play: garbage},
		attack{name: "control frames", ways: few[:1], parallel: 4, play: frames(ws.OpPing, true, []byte("x"))},
		attack{name: "empty continuations", ways: few[:1], parallel: 4, play: fragments},
		attack{name: "empty messages", ways: few[:1], parallel: 4, play: frames(ws.OpText, true, nil)},
		attack{name: "HTTP: pipelined requests that nobody reads", parallel: 50, connect: request(strings.Repeat("GET /client/tidings.js HTTP/1.1\r\nHost: x\r\n\r\n", 200))},
		attack{name: "HTTP: a long header", parallel: 50, connect: request("GET /ws HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 60_000))},
		attack{name: "HTTP: many headers", parallel: 50, connect: request("GET /ws HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 4000))},
		attack{name: "HTTP: many subprotocols", parallel: 50, connect: request(upgrade("Sec-WebSocket-Protocol: " + strings.Repeat("a,", 3000) + "wamp.2.json"))},
		attack{name: "HTTP: many extensions", parallel: 50, connect: request(upgrade("Sec-WebSocket-Extensions: " + strings.Repeat("permessage-deflate,", 400) + "x"))},
		attack{name: "HTTP: many cookies", parallel: 50, connect: request(upgrade("Cookie: " + strings.Repeat("a=b; ", 1500)))},
		attack{name: "HTTP: a ticket that is none", parallel: 50, connect: request(strings.Replace(upgrade(), "/ws", "/ws?ticket="+strings.Repeat("e30.", 500), 1))},
		attack{name: "HTTP: a body that does not come", parallel: 50, connect: request("POST /api/v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: 1000000\r\n\r\n")},
	)
}

// greet sends one message and waits for the answer, of whatever kind.
func greet(message []node) func(context.Context, *attacker, *client) error {
	return func(ctx context.Context, a *attacker, c *client) error {
		if err := a.post(c, a.once(c.serialization, message)); err != nil {
			return nil //nolint:nilerr // the server has ended the conversation
		}
		_, err := c.next()
		return ended(err)
	}
}

// answerWith answers a challenge with a wrong signature and extra values.
func answerWith(extra node) func(context.Context, *attacker, *client) error {
	return func(ctx context.Context, a *attacker, c *client) error {
		if err := a.post(c, forge(c.serialization, greetings["a login that waits"])); err != nil {
			return err
		}
		if err := c.await(func(m wamp.Message) bool { _, ok := m.(*wamp.Challenge); return ok }); err != nil {
			return fmt.Errorf("no CHALLENGE came: %w", err)
		}
		return greet([]node{5, "wrong", object{{"x", extra}}})(ctx, a, c)
	}
}

func garbage(ctx context.Context, a *attacker, c *client) error {
	if err := a.post(c, []byte(strings.Repeat("\xfe\xdc{[\"", 2000))); err != nil {
		return nil //nolint:nilerr // the server has ended the conversation
	}
	_, err := c.next()
	return ended(err)
}

// frames sends a frame often, and then a message that ends the conversation.
func frames(opcode ws.OpCode, final bool, payload []byte) func(context.Context, *attacker, *client) error {
	return func(ctx context.Context, a *attacker, c *client) error {
		w, ok := c.wire.(*webSocketWire)
		if !ok {
			return errors.New("the attack needs a WebSocket")
		}
		for range 2000 * a.times {
			a.messages.Add(1)
			if err := w.frame(opcode, final, 0, payload); err != nil {
				return nil //nolint:nilerr // the server has ended the conversation
			}
		}
		return garbage(ctx, a, c)
	}
}

// fragments begins a message and continues it with nothing.
func fragments(ctx context.Context, a *attacker, c *client) error {
	w, ok := c.wire.(*webSocketWire)
	if !ok {
		return errors.New("the attack needs a WebSocket")
	}
	if err := w.frame(ws.OpText, false, 0, []byte("[")); err != nil {
		return err
	}
	return frames(ws.OpContinuation, false, nil)(ctx, a, c)
}

func upgrade(headers ...string) string {
	return "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
}

// request sends text to the HTTP listener, and reads nothing.
func request(text string) func(context.Context, *attacker) (io.Closer, error) {
	return func(ctx context.Context, a *attacker) (io.Closer, error) {
		conn, err := a.tcp(ctx)
		if err != nil {
			return nil, err
		}
		a.messages.Add(1)
		_, err = conn.Write([]byte(text))
		var refused *net.OpError
		if errors.As(err, &refused) { // the server may close before everything is written
			err = nil
		}
		return conn, err
	}
}
