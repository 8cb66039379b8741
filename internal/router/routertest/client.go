package routertest

import (
	"cmp"
	"errors"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Page says how a client joins. The zero value is anonymous and speaks JSON.
type Page struct {
	Identity *peer.Identity
	Tab      string
	Encoding wamp.Encoding // of version 2
}

// Client is a page with a session. A message that it does not expect fails the test.
type Client struct {
	t        testing.TB
	encoding wamp.Encoding
	conn     *router.Client
	woken    chan struct{}
	requests wamp.Sequence
}

// Join opens a session. When the test ends, Join breaks the connection if the test has not.
func Join(t testing.TB, r *router.Router, p Page) *Client {
	t.Helper()
	c := &Client{t: t, encoding: cmp.Or(p.Encoding, wamp.V2JSON), woken: make(chan struct{}, 1)}
	c.conn = r.Attach(router.Attachment{Peer: peer.Peer{Identity: p.Identity}, Format: outbox.Format{Encoding: c.encoding}, Waker: outbox.WakeFunc(c.wake)})
	t.Cleanup(c.Lose)
	details := wamp.Dict{"_returns": true, "roles": wamp.Dict{"publisher": wamp.Dict{}, "subscriber": wamp.Dict{}, "caller": wamp.Dict{}}}
	if p.Tab != "" {
		details["_tab"] = p.Tab
	}
	c.Send(&wamp.Hello{Realm: "app", Details: details})
	expect[*wamp.Welcome](c)
	return c
}

func (c *Client) wake() {
	select {
	case c.woken <- struct{}{}:
	default: // once is enough
	}
}

// Session returns the client's session in the router.
func (c *Client) Session() *router.Session { return c.conn.Session() }

// Lose breaks the connection.
func (c *Client) Lose() { c.conn.Detach(outbox.CloseLost) }

// Goodbye ends the session as a page does that does not come back.
func (c *Client) Goodbye() {
	c.t.Helper()
	c.Send(&wamp.Goodbye{Reason: wamp.CloseRealm, Details: wamp.Dict{}})
	c.Lose()
}

// Send sends any message and reads no answer. What is sent after the end is ignored.
func (c *Client) Send(m wamp.Message) {
	c.t.Helper()
	frame, err := c.encoding.Append(nil, m)
	if err == nil {
		err = c.conn.Receive(c.t.Context(), frame)
	}
	if err != nil && !errors.Is(err, outbox.ErrClosed) {
		c.t.Fatalf("send %s: %v", m.Code(), err)
	}
}

// Next waits for a message.
func (c *Client) Next() wamp.Message {
	c.t.Helper()
	for {
		taken := c.conn.Outbox().Take(nil, 1)
		frames, ending := taken.Pieces, taken.Closed
		if len(frames) > 0 {
			m, err := c.encoding.Decode(frames[0])
			if err != nil {
				c.t.Fatalf("a frame cannot be read: %v: %q", err, frames[0])
			}
			return m
		}
		if ending != nil {
			c.t.Fatalf("instead of a message came the end: %s: %s", ending.Reason, ending.Text)
		}
		<-c.woken
	}
}

func expect[M wamp.Message](c *Client) M {
	c.t.Helper()
	got := c.Next()
	m, ok := got.(M)
	if !ok {
		c.t.Fatalf("got %+v, not a %T", got, m)
	}
	return m
}

// Subscribe subscribes and reads SUBSCRIBED, but nothing that follows it.
func (c *Client) Subscribe(topic wamp.URI, match wamp.Match) {
	c.t.Helper()
	c.Send(&wamp.Subscribe{Request: c.requests.Next(), Topic: topic, Options: wamp.Dict{"match": match.String()}})
	expect[*wamp.Subscribed](c)
}

// Publish publishes without asking for PUBLISHED.
func (c *Client) Publish(topic wamp.URI, args []any, kwargs wamp.Dict) {
	c.t.Helper()
	c.Send(&wamp.Publish{Request: c.requests.Next(), Topic: topic, Payload: c.payload(args, kwargs)})
}

// Call waits for the answer, and returns the keyword arguments of the result, or the error.
func (c *Client) Call(procedure wamp.URI, args []any, kwargs wamp.Dict) (wamp.Dict, *wamp.Error) {
	c.t.Helper()
	c.Send(&wamp.Call{Request: c.requests.Next(), Procedure: procedure, Payload: c.payload(args, kwargs)})
	switch answer := c.Next().(type) {
	case *wamp.Result:
		return c.keywords(answer.Payload), nil
	case *wamp.Error:
		return nil, answer
	default:
		c.t.Fatalf("got %+v, not an answer to the call", answer)
		return nil, nil
	}
}

// Event waits for an event, and returns its keyword arguments.
func (c *Client) Event() wamp.Dict {
	c.t.Helper()
	return c.keywords(expect[*wamp.Event](c).Payload)
}

// Events returns the keyword arguments of the events that have arrived. It does not wait.
func (c *Client) Events() []wamp.Dict {
	c.t.Helper()
	frames, _ := c.conn.Outbox().Len()
	all := make([]wamp.Dict, frames)
	for i := range all {
		all[i] = c.Event()
	}
	return all
}

// Received returns the messages that have arrived. It does not wait.
func (c *Client) Received() []wamp.Message {
	c.t.Helper()
	frames, _ := c.conn.Outbox().Len()
	all := make([]wamp.Message, frames)
	for i := range all {
		all[i] = c.Next()
	}
	return all
}

// Skip discards the messages that have arrived, and returns their size. The session may have ended.
func (c *Client) Skip() (bytes int) {
	for _, frame := range c.conn.Outbox().Take(nil, 1<<30).Pieces {
		bytes += len(frame)
	}
	return bytes
}

func (c *Client) keywords(p wamp.Payload) (kwargs wamp.Dict) {
	c.t.Helper()
	if err := p.Decode(nil, &kwargs); err != nil {
		c.t.Fatal(err)
	}
	return kwargs
}

func (c *Client) payload(args []any, kwargs wamp.Dict) wamp.Payload {
	c.t.Helper()
	p, err := wamp.NewPayload(args, kwargs)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}
