package sender

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
//
// The dealer does what concerns another client than the one that is sent to.

// sendOversize replaces a message that is too long for the client. Caller must hold the owner's lock.
func (s *Sender) sendOversize(m wamp.Message) {
	switch m := m.(type) {
	case *wamp.Event:
		s.shared.Counters.Unsendable.Add(1)
	case *wamp.Error:
		s.sendShort(&wamp.Error{RequestType: m.RequestType, Request: m.Request, Error: wamp.ErrPayloadSizeExceeded})
	default:
		s.closeTooBig()
	}
}

func (s *Sender) closeTooBig() {
	s.close(outbox.CloseInfo{Reason: outbox.CloseTooBig, Text: "a message is longer than this client takes"})
}

// sendShort sends a message that is short enough for every client. Caller must hold the owner's lock.
func (s *Sender) sendShort(m wamp.Message) {
	frame, fits := s.frame(m)
	switch {
	case !fits:
		s.closeTooBig()
	case frame != nil:
		s.Put(outbox.Packet{Bytes: frame, Frames: 1})
	}
}

// SendCall queues a message of a call, if it fits. Caller must hold the owner's lock.
func (s *Sender) SendCall(m wamp.Message, source outbox.Source) outbox.PutResult {
	frame, fits := s.frame(m)
	result := outbox.TooLarge
	switch {
	case frame == nil && fits:
		return outbox.Closed
	case fits:
		result = s.Outbox.PutCall(frame, source)
		s.shared.CheckTotal()
	}
	if result == outbox.Full || result == outbox.TooLarge {
		s.shared.Counters.Unqueued.Add(1)
	}
	return result
}

// SendAnswer queues the RESULT or ERROR of a call. If it does not fit, a short ERROR takes its place. Caller must hold
// the owner's lock.
func (s *Sender) SendAnswer(m wamp.Message, request wamp.ID) {
	switch s.SendCall(m, outbox.AnySource) {
	case outbox.Full:
		text := wamp.TextPayload("the answer has no room: more waits for this client than it reads", s.Format.Encoding.Serialization())
		s.sendShort(&wamp.Error{RequestType: wamp.CodeCall, Request: request, Error: wamp.ErrLimitExceeded, Payload: text})
	case outbox.TooLarge:
		s.sendShort(&wamp.Error{RequestType: wamp.CodeCall, Request: request, Error: wamp.ErrPayloadSizeExceeded})
	case outbox.Queued, outbox.Overflow, outbox.Closed:
	case outbox.Behind, outbox.Replaced, outbox.Skipped: // are of events
	}
}

// Interrupt queues INTERRUPT, also beyond the limits of the outbox. Caller must hold the owner's lock.
func (s *Sender) Interrupt(m *wamp.Interrupt) {
	frame, fits := s.frame(m)
	switch {
	case !fits:
		s.sendOversize(m)
	case frame != nil:
		s.Outbox.PutUrgent(frame)
	}
}

// ArgumentsUnsent returns the error of a call whose arguments were not queued for a callee.
func ArgumentsUnsent(why outbox.PutResult, procedure wamp.URI) *calls.Error {
	if why == outbox.TooLarge {
		return calls.Errorf(wamp.ErrPayloadSizeExceeded, "the arguments are longer than the callee takes")
	}
	return calls.Errorf(wamp.ErrUnavailable, "the callee of %q has too many arguments of calls to read: try again later", procedure)
}

// ResultUnsent returns the error of a call of which a part of the result was not queued for the caller.
func ResultUnsent(why outbox.PutResult) *calls.Error {
	if why == outbox.TooLarge {
		return calls.Errorf(wamp.ErrPayloadSizeExceeded, "a part of the result is longer than the caller takes")
	}
	return calls.Errorf(wamp.ErrLimitExceeded, "the parts of the result came faster than the caller reads them")
}
