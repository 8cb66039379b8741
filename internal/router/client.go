package router

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Client is the conversation of one connection: from HELLO to GOODBYE, with the session in between.
type Client struct {
	sender sender.Sender // to this client alone
	router *Router
	peer   peer.Peer

	session atomic.Pointer[Session] // set once, when WELCOME is queued

	// Owned by the reader.
	handshake *handshake    // nil but between HELLO and WELCOME
	batch     *publishBatch // publications that are not delivered yet; nil: none
	pace      *meter.Pace
	ownPace   meter.Pace // what pace is for a client that shares it with none

	mu       sync.Mutex  // guards the conversation of sender, what follows, and what Session says
	catchUps *[]*catchUp // that wait for room: a goroutine sends for the first of them; nil: none waits
}

// Peer returns what the transport said of the other end. It must not be changed.
func (c *Client) Peer() *peer.Peer { return &c.peer }

// Outbox returns the queue of frames for the client.
func (c *Client) Outbox() *outbox.Outbox { return &c.sender.Outbox }

// Session returns the client's session, or nil before WELCOME.
func (c *Client) Session() *Session { return c.session.Load() }

// Established reports whether WELCOME was sent. It is one atomic load, for a transport that checks the
// deadlines of all its connections.
func (c *Client) Established() bool { return c.session.Load() != nil }

// Open begins the conversation: a dialect without HELLO joins at once. The transport calls it before the first
// Receive.
func (c *Client) Open(ctx context.Context) error {
	return c.guarded(func() error {
		hello := c.impliedHello()
		if hello == nil {
			return nil
		}
		hello.Realm = c.router.defaultRealm()
		return c.hello(ctx, hello)
	})
}

// Receive handles one frame from the client and delivers its publication at once; see [Client.ReceiveBatched].
func (c *Client) Receive(ctx context.Context, frame []byte) error {
	err := c.ReceiveBatched(ctx, frame)
	c.Flush()
	return err
}

// ReceiveBatched handles one of several frames that were read together. Publications may wait in a batch until
// the transport calls [Client.Flush], which it does when it has no further frame at hand.
//
// It blocks while the client sends faster than its limit, and while an Authenticator or an Authorizer decides.
// After an error, which wraps [outbox.ErrClosed] or is that of ctx, the transport stops reading, writes the outbox and
// closes.
func (c *Client) ReceiveBatched(ctx context.Context, frame []byte) error {
	c.router.counters.FramesIn.Add(1)
	c.router.counters.BytesIn.Add(uint64(len(frame)))
	if err := c.throttleMessage(ctx, len(frame)); err != nil {
		return err
	}
	return c.guarded(func() error {
		message, err := c.decode(frame)
		if message == nil {
			return err
		}
		return c.handle(ctx, message, err)
	})
}

// Refuse ends the conversation with ABORT because of a frame that its transport does not accept.
func (c *Client) Refuse(failure *wamp.Failure, reason outbox.CloseReason) {
	c.runRecovered(func() { c.abort(failure, reason) })
}

func (c *Client) impliedHello() *wamp.Hello {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sender.Open()
}

func (c *Client) decode(frame []byte) (wamp.Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sender.Decode(frame)
}

// guarded runs one step of the conversation. An error of the step ends the conversation. This is the edge that
// recovers: a fault of the server costs one client its connection. So any lock that can be held during a panic
// is unlocked by defer.
func (c *Client) guarded(step func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			c.handlePanic(fault)
			err = c.closedError()
		}
	}()
	if closed := c.sender.Outbox.Closed(); closed != nil {
		return closed.Err()
	}
	if err := step(); err != nil {
		c.fail(err)
	}
	return c.closedError()
}

// closedError returns the error that reports the end of the conversation, or nil while it is open.
func (c *Client) closedError() error {
	if closed := c.sender.Outbox.Closed(); closed != nil {
		return closed.Err()
	}
	return nil
}

// handlePanic ends the conversation after a panic. Ending it may panic again, so each step recovers by itself.
func (c *Client) handlePanic(fault any) {
	c.logPanic(fault)
	c.runRecovered(func() { c.abort(internalFailure(), outbox.CloseInternal) })
	c.runRecovered(func() { c.finish(nil, outbox.CloseInfo{Reason: outbox.CloseInternal}) })
}

func (c *Client) runRecovered(step func()) {
	defer func() {
		if fault := recover(); fault != nil {
			c.logPanic(fault)
		}
	}()
	step()
}

func (c *Client) logPanic(fault any) {
	c.router.options.Logger.Error("the router panicked",
		"panic", fmt.Sprint(fault), "stack", string(debug.Stack()), "address", c.peer.RemoteAddr)
}

// Detach reports that the transport is closed. It is idempotent. The conversation keeps the first reason that it
// was closed for.
func (c *Client) Detach(reason outbox.CloseReason) {
	c.Flush()
	// Also an edge that recovers: observers are called.
	c.runRecovered(func() { c.finish(nil, outbox.CloseInfo{Reason: reason}) })
	if c.sender.Detach() {
		c.router.clientDetached(c)
	}
}

// send queues a message for this client alone.
func (c *Client) send(m wamp.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sender.Send(m)
}
