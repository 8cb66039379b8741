package router

import (
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A client may announce a maximum length of messages (WAMP, "RawSocket Transport"), and its outbox has limits. A
// message of a call that is too long, or has no room, fails that call: it ends neither its sender nor its receiver.
//
//	                    too long, also for an empty outbox    no room now
//	EVENT               is dropped and counted                the client is closed as slow
//	INVOCATION          the next callee is asked; if there is none: an ERROR to the caller
//	a further one       an ERROR to the caller, INTERRUPT to the callee
//	RESULT, ERROR       a short ERROR in its place            a short ERROR in its place
//	a part of a RESULT  an ERROR to the caller, INTERRUPT to the callee
//	INTERRUPT           the end of the conversation           is queued beyond the limit
//	any other message   the end of the conversation           the client is closed as slow

// sendOversizeLocked replaces a message that is too long for the client. Caller must hold mu.
func (c *Client) sendOversizeLocked(m wamp.Message) {
	switch m := m.(type) {
	case *wamp.Event:
		c.router.counters.Unsendable.Add(1)
	case *wamp.Error:
		c.sendShortLocked(&wamp.Error{RequestType: m.RequestType, Request: m.Request, Error: wamp.ErrPayloadSizeExceeded})
	default:
		c.closeLocked(outbox.CloseInfo{Reason: outbox.CloseTooBig, Text: "a message is longer than this client takes"})
	}
}

// sendShortLocked sends a message that is short enough for every client. Caller must hold mu.
func (c *Client) sendShortLocked(m wamp.Message) {
	frame, fits := c.frameLocked(m)
	switch {
	case !fits:
		c.closeLocked(outbox.CloseInfo{Reason: outbox.CloseTooBig, Text: "a message is longer than this client takes"})
	case frame != nil:
		c.put(outbox.Packet{Bytes: frame, Frames: 1})
	}
}

// sendCallLocked queues a message of a call, if it fits. Caller must hold mu.
func (c *Client) sendCallLocked(m wamp.Message, source outbox.Source) outbox.PutResult {
	frame, fits := c.frameLocked(m)
	result := outbox.TooLarge
	switch {
	case frame == nil && fits:
		return outbox.Closed
	case fits:
		result = c.outbox.PutCall(frame, source)
		c.router.checkTotal()
	}
	if result == outbox.Full || result == outbox.TooLarge {
		c.router.counters.Unqueued.Add(1)
	}
	return result
}

// sendAnswerLocked queues the RESULT or ERROR of a call. If it does not fit, a short ERROR takes its place. Caller
// must hold client.mu.
func (s *Session) sendAnswerLocked(m wamp.Message, request wamp.ID) {
	switch s.client.sendCallLocked(m, outbox.AnySource) {
	case outbox.Full:
		text := s.textPayload("the answer has no room: more waits for this client than it reads")
		s.client.sendShortLocked(&wamp.Error{RequestType: wamp.CodeCall, Request: request, Error: wamp.ErrLimitExceeded, Payload: text})
	case outbox.TooLarge:
		s.client.sendShortLocked(&wamp.Error{RequestType: wamp.CodeCall, Request: request, Error: wamp.ErrPayloadSizeExceeded})
	case outbox.Queued, outbox.Overflow, outbox.Closed:
	case outbox.Behind, outbox.Replaced, outbox.Skipped: // are of events
	}
}

// interruptLocked queues INTERRUPT, also beyond the limits of the outbox. Caller must hold mu.
func (c *Client) interruptLocked(m *wamp.Interrupt) {
	frame, fits := c.frameLocked(m)
	switch {
	case !fits:
		c.sendOversizeLocked(m)
	case frame != nil:
		c.outbox.PutUrgent(frame)
	}
}

// source returns the source of what the session causes in the outboxes of others. nil is the server itself.
func (s *Session) source() outbox.Source {
	if s == nil {
		return outbox.SourceOf(0)
	}
	return outbox.SourceOf(uint64(s.id))
}

// argumentsUnsent returns the error of a call whose arguments were not queued for a callee.
func argumentsUnsent(why outbox.PutResult, procedure wamp.URI) *calls.Error {
	if why == outbox.TooLarge {
		return calls.Errorf(wamp.ErrPayloadSizeExceeded, "the arguments are longer than the callee takes")
	}
	return calls.Errorf(wamp.ErrUnavailable, "the callee of %q has too many arguments of calls to read: try again later", procedure)
}

// resultUnsent returns the error of a call of which a part of the result was not queued for the caller.
func resultUnsent(why outbox.PutResult) *calls.Error {
	if why == outbox.TooLarge {
		return calls.Errorf(wamp.ErrPayloadSizeExceeded, "a part of the result is longer than the caller takes")
	}
	return calls.Errorf(wamp.ErrLimitExceeded, "the parts of the result came faster than the caller reads them")
}
