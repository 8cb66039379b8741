package client

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// roles are what the client can do, said in HELLO: only what this package really implements.
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
		"callee": features("caller_identification", "call_canceling", "progressive_call_results", "pattern_based_registration",
			"shared_registration", "registration_revocation", "call_reroute"),
	}
}

// join makes one try: credentials, connection, HELLO to WELCOME.
func (c *Client) join(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Limits.Join)
	defer cancel()
	secret, err := c.secret(ctx)
	if err != nil {
		return nil, fmt.Errorf("get a ticket: %w", err)
	}
	s, err := dial(ctx, c.config)
	if err != nil {
		return nil, fmt.Errorf("open WebSocket: %w", err)
	}
	l := newLink(c, s)
	closeConn := func() { s.conn.Close() } // reports an end that the reader reports too
	stop := context.AfterFunc(ctx, closeConn)
	welcome, err := l.open(c.hello(secret), secret)
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

// secret is what the server will be shown: a new ticket, or the key, or nothing.
func (c *Client) secret(ctx context.Context) (string, error) {
	if c.config.Ticket == nil {
		return c.config.Key, nil
	}
	return c.config.Ticket(ctx)
}

func (c *Client) hello(secret string) *wamp.Hello {
	details := wamp.Dict{"roles": roles(), "agent": c.config.Agent}
	details["authmethods"] = []any{"anonymous"}
	if secret != "" {
		details["authmethods"] = []any{"ticket"}
	}
	if c.config.AuthID != "" {
		details["authid"] = c.config.AuthID
	}
	if c.config.Tab != "" {
		details["_tab"] = c.config.Tab
	}
	return &wamp.Hello{Realm: wamp.URI(c.config.Realm), Details: details}
}

// open holds the conversation up to WELCOME. There is no writer yet, so it writes itself.
func (l *link) open(hello *wamp.Hello, secret string) (*wamp.Welcome, error) {
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
			if m.Method != "ticket" || secret == "" {
				refusal := fmt.Errorf("server asks for authentication by %q, which this client was not given", m.Method)
				abort := &wamp.Abort{Details: wamp.Dict{}, Reason: "wamp.error.cannot_authenticate"}
				return nil, errors.Join(refusal, l.say(abort))
			}
			if err := l.say(&wamp.Authenticate{Signature: secret, Extra: wamp.Dict{}}); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("server sent %s while joining", m.Code())
		}
	}
}

// say writes one message at once, after whatever control frames wait.
func (l *link) say(m wamp.Message) error {
	frame, err := l.encode(m)
	if err != nil {
		return err
	}
	return l.socket.write(append(l.out.take(), net.Buffers{frame}...))
}

// welcome takes over what the router announced.
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
