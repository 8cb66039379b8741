package router

import (
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Some clients take messages up to a length only (WAMP, "RawSocket Transport"), and a longer one
// cannot be sent to them at all. Nobody may wait for it in vain, and no other client is any the worse.
//
//	what is too long     who hears of it
//	EVENT                nobody; it is counted
//	RESULT, ERROR        its receiver: an ERROR that says so, in the place of the payload
//	INVOCATION           the caller: ERROR, as if the callee had sent it
//	anything else        the conversation ends: there is no session without it

// sendOversizeLocked does what is to be done in the place of sending m.
func (c *Client) sendOversizeLocked(m wamp.Message) {
	switch m := m.(type) {
	case *wamp.Event:
		c.router.counters.unsendable.Add(1)
		return
	case *wamp.Result:
		if progress, _ := m.Details.Bool("progress"); progress { // the rest would make no sense without it
			c.router.workers.Go(func() { c.failCall(m.Request) })
			return
		}
		c.sendShortLocked(&wamp.Error{RequestType: wamp.CodeCall, Request: m.Request, Error: wamp.ErrPayloadSizeExceeded})
		return
	case *wamp.Error:
		c.sendShortLocked(&wamp.Error{RequestType: m.RequestType, Request: m.Request, Error: wamp.ErrPayloadSizeExceeded})
		return
	case *wamp.Invocation:
		// The call is answered under other locks than those that are held here.
		c.router.workers.Go(func() { c.failInvocation(m.Request) })
		return
	}
	c.closeLocked(CloseInfo{Reason: CloseTooBig, Text: "a message is longer than this client takes"})
}

// sendShortLocked sends what fits into any limit that a client can have.
func (c *Client) sendShortLocked(m wamp.Message) {
	message, err := c.conversation.Append(nil, m)
	if err != nil {
		c.closeLocked(CloseInfo{Reason: CloseInternal, Text: "the server failed to encode a message"})
		return
	}
	frame, fits := c.format.frame(nil, message)
	if !fits {
		c.closeLocked(CloseInfo{Reason: CloseTooBig, Text: "a message is longer than this client takes"})
		return
	}
	c.put(outbox.Packet{Bytes: frame, Frames: 1})
}

// failInvocation answers a call in the place of a callee that cannot be asked.
func (c *Client) failInvocation(request wamp.ID) {
	s := c.session.Load()
	if s == nil {
		return
	}
	tooLong := answer{err: callError(wamp.ErrPayloadSizeExceeded, "the arguments are longer than the callee takes")}
	if held, err := s.invocation(request); err == nil && held.call != nil && held.more {
		held.call.end(tooLong, cancelKillNoWait) // the callee has the first of them, and waits for the rest
		return
	}
	held, err := s.takeInvocation(request)
	if err != nil || held.call == nil {
		return // it was answered meanwhile: canceled, or the callee has left
	}
	held.call.finish(tooLong)
}

// failCall ends a call of which a part of the result cannot be sent.
func (c *Client) failCall(request wamp.ID) {
	s := c.session.Load()
	if s == nil {
		return
	}
	if pending := s.pending(request); pending != nil {
		pending.end(answer{err: callError(wamp.ErrPayloadSizeExceeded, "a part of the result is longer than the caller takes")}, cancelKillNoWait)
	}
}
