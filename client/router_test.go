package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// router is the other side, played by the test itself: the client dials it in memory.
type router struct {
	t        *testing.T
	encoding wamp.Encoding
	dialed   chan net.Conn
}

func newRouter(t *testing.T) *router {
	return &router{t: t, encoding: wamp.V2JSON, dialed: make(chan net.Conn)}
}

func (r *router) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case r.dialed <- ours:
		return theirs, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// accept takes the client's next connection up to an open WebSocket.
func (r *router) accept() *peer {
	r.t.Helper()
	p := &peer{t: r.t, conn: <-r.dialed, encoding: r.encoding}
	upgrader := ws.Upgrader{Protocol: func(offered []byte) bool {
		return string(offered) == r.encoding.Subprotocol()
	}}
	if _, err := upgrader.Upgrade(p.conn); err != nil {
		r.t.Fatalf("upgrade: %v", err)
	}
	return p
}

// welcome takes the client's next connection up to an established session.
func (r *router) welcome(session wamp.ID) *peer {
	r.t.Helper()
	p := r.accept()
	expect[*wamp.Hello](p)
	p.welcome(session)
	return p
}

// peer is one connection of the client, seen from the router.
type peer struct {
	t        *testing.T
	conn     net.Conn
	encoding wamp.Encoding
	pings    int
}

// welcome establishes the session and lets the client take notice of it.
func (p *peer) welcome(session wamp.ID) {
	p.t.Helper()
	p.welcomeFor(session, nil)
}

// welcomeFor is welcome for a session that ends; nil: it has no end.
func (p *peer) welcomeFor(session wamp.ID, seconds any) {
	p.t.Helper()
	defer synctest.Wait()
	details := wamp.Dict{
		"authid": "42", "authrole": "staff", "authmethod": "ticket",
		"roles": wamp.Dict{
			"broker": wamp.Dict{},
			"dealer": wamp.Dict{"features": wamp.Dict{"call_canceling": true}},
		},
	}
	if seconds != nil {
		details["_session_ends_in"] = seconds
	}
	p.send(&wamp.Welcome{Session: session, Details: details})
}

func (p *peer) send(m wamp.Message) {
	p.t.Helper()
	frame, err := p.encoding.Append(nil, m)
	if err != nil {
		p.t.Fatalf("encode %s: %v", m.Code(), err)
	}
	p.write(p.op(), frame)
}

func (p *peer) op() ws.OpCode {
	if p.encoding.Binary() {
		return ws.OpBinary
	}
	return ws.OpText
}

func (p *peer) write(op ws.OpCode, payload []byte) {
	p.t.Helper()
	if err := wsutil.WriteServerMessage(p.conn, op, payload); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// next gives the next message, or the error that ended the connection. Pings are answered.
func (p *peer) next() (wamp.Message, error) {
	for {
		frame, err := p.readFrame()
		if err != nil {
			return nil, err
		}
		switch frame.Header.OpCode {
		case ws.OpPing:
			p.pings++
			if err := ws.WriteFrame(p.conn, ws.NewPongFrame(frame.Payload)); err != nil {
				return nil, err
			}
		case ws.OpPong:
		case ws.OpClose:
			return nil, io.EOF
		default:
			return p.encoding.Decode(frame.Payload)
		}
	}
}

// readFrame gives the client's next frame as it was before masking.
func (p *peer) readFrame() (ws.Frame, error) {
	header, err := ws.ReadHeader(p.conn)
	if err != nil {
		return ws.Frame{}, err
	}
	payload := make([]byte, header.Length)
	_, err = io.ReadFull(p.conn, payload)
	return ws.UnmaskFrameInPlace(ws.Frame{Header: header, Payload: payload}), err
}

// expect takes the next message and wants it to be of one type.
func expect[M wamp.Message](p *peer) M {
	p.t.Helper()
	m, err := p.next()
	if err != nil {
		p.t.Fatalf("read: %v", err)
	}
	typed, ok := m.(M)
	if !ok {
		p.t.Fatalf("got %s: %+v", m.Code(), m)
	}
	return typed
}

// gone wants the client to say nothing more.
func (p *peer) gone() {
	p.t.Helper()
	if m, err := p.next(); err == nil {
		p.t.Fatalf("got %s: %+v", m.Code(), m)
	}
	p.conn.Close()
}

// result is what a call in another goroutine returned.
type result[T any] struct {
	value T
	err   error
}

// async runs what needs the test to answer it.
func async[T any](f func() (T, error)) <-chan result[T] {
	results := make(chan result[T], 1)
	go func() {
		value, err := f()
		results <- result[T]{value, err}
	}()
	return results
}

// must gives the value of a call that had to succeed.
func must[T any](t *testing.T, results <-chan result[T]) T {
	t.Helper()
	r := <-results
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.value
}

// connect opens a client's first session.
func connect(t *testing.T, r *router, config client.Config) (*client.Client, *peer) {
	t.Helper()
	clients := r.connecting(config)
	p := r.welcome(7)
	return must(t, clients), p
}

func (r *router) connecting(config client.Config) <-chan result[*client.Client] {
	if config.URL == "" {
		config.URL = "http://tidings.test"
	}
	config.Dial = r.dial
	return async(func() (*client.Client, error) { return client.Connect(r.t.Context(), config) })
}

// leave closes the client in peace.
func leave(t *testing.T, c *client.Client, p *peer) {
	t.Helper()
	closed := async(func() (any, error) { return nil, c.Close() })
	if m := expect[*wamp.Goodbye](p); m.Reason != wamp.CloseRealm {
		t.Errorf("said goodbye with %s", m.Reason)
	}
	p.send(&wamp.Goodbye{Details: wamp.Dict{}, Reason: wamp.CloseGoodbyeAndOut})
	p.gone()
	must(t, closed)
	<-c.Done()
	if err := c.Err(); err != nil {
		t.Errorf("closed with %v", err)
	}
}

// subscribe makes a subscription that the router gives an id.
func subscribe(t *testing.T, c *client.Client, p *peer, s subscription) *client.Subscription {
	t.Helper()
	subscribed := async(func() (*client.Subscription, error) {
		return c.Subscribe(t.Context(), s.topic, s.handler, s.options)
	})
	m := expect[*wamp.Subscribe](p)
	if string(m.Topic) != s.topic {
		t.Errorf("subscribed to %s", m.Topic)
	}
	p.send(&wamp.Subscribed{Request: m.Request, Subscription: s.id})
	return must(t, subscribed)
}

type subscription struct {
	topic   string
	handler func(*client.Event)
	options *client.SubscribeOptions
	id      wamp.ID
}

// payload makes a payload as a peer of some serialization sends it.
func payload(t *testing.T, encoding wamp.Encoding, args, kwargs string) wamp.Payload {
	t.Helper()
	var parts [2][]byte
	for i, text := range []string{args, kwargs} {
		if text != "" {
			parts[i] = []byte(text)
		}
	}
	made, err := wamp.PayloadFromJSON(parts[0], parts[1])
	if err == nil {
		made, err = made.In(encoding.Serialization())
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// jsonOf gives a payload as one JSON value.
func jsonOf(t *testing.T, p wamp.Payload) string {
	t.Helper()
	value, err := p.Value()
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}

func wantEqual(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(client.Error{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func wantError(t *testing.T, err error, uri string) {
	t.Helper()
	var answer *client.Error
	if !errors.As(err, &answer) {
		t.Fatalf("got %v, want an Error with %s", err, uri)
	}
	if answer.URI != uri {
		t.Errorf("got %s, want %s", answer.URI, uri)
	}
}
