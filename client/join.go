package client

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// roles returns the features that this package implements, for HELLO.
func roles() wamp.Dict {
	features := func(names ...string) wamp.Dict {
		d := wamp.Dict{}
		for _, name := range names {
			d[name] = true
		}
		return wamp.Dict{"features": d}
	}
	return wamp.Dict{
		"publisher":  features("publisher_identification", "publisher_exclusion", "subscriber_blackwhite_listing"),
		"subscriber": features("publisher_identification", "pattern_based_subscription", "subscription_revocation"),
		"caller":     features("caller_identification", "call_canceling", "call_timeout", "progressive_call_results"),
		"callee": features("caller_identification", "call_canceling", "progressive_call_results", "pattern_based_registration", "_yield_errors",
			"shared_registration", "registration_revocation", "call_reroute"),
	}
}

// join makes one try to connect: login, connection, HELLO to WELCOME.
func (c *Client) join(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Limits.Join)
	defer cancel()
	login, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	c.loginOnce = login.Once
	s, err := dial(ctx, c.config)
	if err != nil {
		return nil, fmt.Errorf("open the connection: %w", hint(err, c.config.URL))
	}
	l := newLink(c, s)
	closeConn := func() { s.conn.Close() } // its error is the reader's error too
	stop := context.AfterFunc(ctx, closeConn)
	welcome, err := l.open(c.hello(&login), &login)
	if !stop() && err != nil {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		closeConn()
		return nil, fmt.Errorf("join realm %s: %w", c.config.Realm, err)
	}
	l.welcome(welcome)
	return l, nil
}

// login asks the program what to show.
func (c *Client) login(ctx context.Context) (login Login, err error) {
	if c.guard("Config.Auth", "", func() { login, err = c.config.Auth.Login(ctx) }) {
		return Login{}, panicError("Config.Auth")
	}
	return login, err
}

func (c *Client) hello(login *Login) *wamp.Hello {
	details := wamp.Dict{"roles": roles(), "agent": c.config.Agent, "_returns": true}
	details["authmethods"] = login.Methods
	if login.Extra != nil {
		details["authextra"] = dictOf(login.Extra)
	}
	if c.config.AuthID != "" {
		details["authid"] = c.config.AuthID
	}
	if c.config.Tab != "" {
		details["_tab"] = c.config.Tab
	}
	return &wamp.Hello{Realm: wamp.URI(c.config.Realm), Details: details}
}

// open exchanges messages up to WELCOME. The writer does not run yet, so open writes to the socket.
func (l *link) open(hello *wamp.Hello, login *Login) (*wamp.Welcome, error) {
	if err := l.say(hello); err != nil {
		return nil, err
	}
	for {
		frame, err := l.socket.read()
		if err != nil {
			return nil, err
		}
		m, err := l.socket.encoding.Decode(frame)
		if err != nil {
			return nil, err
		}
		switch m := m.(type) {
		case *wamp.Welcome:
			return m, nil
		case *wamp.Abort:
			return nil, newError(m.Reason, m.Details, m.Payload)
		case *wamp.Challenge:
			answer, err := l.client.answer(login, m)
			if err != nil {
				abort := &wamp.Abort{Details: wamp.Dict{}, Reason: "wamp.error.cannot_authenticate"}
				return nil, errors.Join(err, l.say(abort))
			}
			if err := l.say(answer); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("server sent %s while joining", m.Code())
		}
	}
}

// answer returns the AUTHENTICATE for a challenge.
func (c *Client) answer(login *Login, m *wamp.Challenge) (made *wamp.Authenticate, err error) {
	if c.guard("Login.Answer of Config.Auth", "", func() { made, err = login.answer(m) }) {
		return nil, panicError("Login.Answer of Config.Auth")
	}
	return made, err
}

// say writes one message at once, after the control frames that wait.
func (l *link) say(m wamp.Message) error {
	frame, err := l.encode(m)
	if err != nil {
		return err
	}
	return l.socket.write(append(l.out.take(), net.Buffers{frame}...))
}

// welcome records the session and the features that the router announced.
func (l *link) welcome(m *wamp.Welcome) {
	l.session = newSession(l.client.config.Realm, m)
	announced, _ := m.Details.Dict("roles") // absent roles announce nothing
	dealer, _ := announced.Dict("dealer")
	features, _ := dealer.Dict("features")
	l.canCancel, _ = features.Bool("call_canceling")
	l.canTimeOut, _ = features.Bool("call_timeout")
}

// control queues the reader's answer to a control frame.
func (l *link) control(op ws.OpCode, payload []byte) {
	if f, err := l.socket.wire.control(op, payload); err == nil && f != nil { // it is too short to fail
		l.out.put(f)
	}
}
