package router

import (
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A client may announce a maximum length of messages (WAMP, "RawSocket Transport"). A longer message is replaced,
// so that no client waits for it and no other client is affected:
//
//	oversized            replaced by
//	EVENT                nothing; it is counted
//	RESULT, ERROR        an ERROR without payload to its receiver
//	INVOCATION           an ERROR to the caller, as if the callee had sent it
//	any other message    the end of the conversation

// sendOversizeLocked replaces a message that is too long for the client. Caller must hold mu.
func (c *Client) sendOversizeLocked(m wamp.Message) {
	switch m := m.(type) {
	case *wamp.Event:
		c.router.counters.unsendable.Add(1)
		return
	case *wamp.Result:
		if progress, _ := m.Details.Bool("progress"); progress { // later parts make no sense without this one
			c.router.workers.Go(func() { c.failCall(m.Request) })
			return
		}
		c.sendShortLocked(&wamp.Error{RequestType: wamp.CodeCall, Request: m.Request, Error: wamp.ErrPayloadSizeExceeded})
		return
	case *wamp.Error:
		c.sendShortLocked(&wamp.Error{RequestType: m.RequestType, Request: m.Request, Error: wamp.ErrPayloadSizeExceeded})
		return
	case *wamp.Invocation:
		// Answering the call takes locks that rank above those held here.
		c.router.workers.Go(func() { c.failInvocation(m.Request) })
		return
	}
	c.closeLocked(outbox.CloseInfo{Reason: outbox.CloseTooBig, Text: "a message is longer than this client takes"})
}

// sendShortLocked sends a message that is short enough for every client. Caller must hold mu.
func (c *Client) sendShortLocked(m wamp.Message) {
	message, err := c.conversation.Append(nil, m)
	if err != nil {
		c.closeLocked(outbox.CloseInfo{Reason: outbox.CloseInternal, Text: "the server failed to encode a message"})
		return
	}
	frame, fits := c.format.Frame(nil, message)
	if !fits {
		c.closeLocked(outbox.CloseInfo{Reason: outbox.CloseTooBig, Text: "a message is longer than this client takes"})
		return
	}
	c.put(outbox.Packet{Bytes: frame, Frames: 1})
}

// failInvocation answers the caller of an invocation that is too long for the callee.
func (c *Client) failInvocation(request wamp.ID) {
	s := c.session.Load()
	if s == nil {
		return
	}
	tooLong := answer{err: calls.Errorf(wamp.ErrPayloadSizeExceeded, "the arguments are longer than the callee takes")}
	if held, err := s.invocation(request); err == nil && held.call != nil && held.more {
		held.call.end(tooLong, cancelKillNoWait) // the callee has some arguments, and waits for the rest
		return
	}
	held, err := s.takeInvocation(request)
	if err != nil || held.call == nil {
		return // already answered: canceled, or the callee has left
	}
	held.call.finish(tooLong)
}

// failCall ends a call whose progressive result is too long for the caller.
func (c *Client) failCall(request wamp.ID) {
	s := c.session.Load()
	if s == nil {
		return
	}
	if pending := s.pending(request); pending != nil {
		pending.end(answer{err: calls.Errorf(wamp.ErrPayloadSizeExceeded, "a part of the result is longer than the caller takes")}, cancelKillNoWait)
	}
}
