package sender

import (
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/encode"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Sender is one client's end of the router: its conversation and its outbox. A lock of the owner guards the
// conversation: messages are queued in the order in which the conversation has seen them.
type Sender struct {
	Outbox outbox.Outbox // safe for concurrent use
	Format *outbox.Format
	shared *Shared

	conversation *wamp.Conversation // state and encoding; guarded by the owner's lock
	ended        bool               // nothing more is sent; guarded by the owner's lock

	detached atomic.Bool // here it fills a gap
}

// Init prepares a sender. It must be called once, before any other method.
func (s *Sender) Init(shared *Shared, format outbox.Format, conversation *wamp.Conversation, waker outbox.Waker) {
	s.shared, s.conversation = shared, conversation
	s.Format = shared.formats.Intern(format)
	s.Outbox.Init(&shared.Outboxes, waker)
}

// Open returns the HELLO that a dialect without one implies, or nil. Caller must hold the owner's lock.
func (s *Sender) Open() *wamp.Hello { return s.conversation.Open() }

// Decode returns the message of a frame from the client, as [wamp.Conversation.Receive] does. Caller must hold the
// owner's lock.
func (s *Sender) Decode(frame []byte) (wamp.Message, error) { return s.conversation.Receive(frame) }

// Send queues a message. Caller must hold the owner's lock.
func (s *Sender) Send(m wamp.Message) {
	frame, fits := s.frame(m)
	switch {
	case !fits:
		s.sendOversize(m)
	case frame != nil:
		s.Put(outbox.Packet{Bytes: frame, Frames: 1})
		s.shared.CheckTotal()
	}
}

// frame returns the message as a frame, or nil if nothing is to be sent. It reports false for a message that is too
// long for the client. Caller must hold the owner's lock.
func (s *Sender) frame(m wamp.Message) (frame []byte, fits bool) {
	if s.ended {
		return nil, true
	}
	scratch := encode.GetScratch()
	defer scratch.Put()
	message, err := s.conversation.Append(scratch.Bytes(), m)
	scratch.Keep(message)
	if err != nil {
		// Payloads were converted before, so this is a fault of the server. The client must not wait for
		// an answer that will not come.
		s.shared.Log.Error("a message was not encoded", "message", m.Code().String(), "error", err)
		s.close(outbox.CloseInfo{Reason: outbox.CloseInternal, Text: "the server failed to encode a message"})
		return nil, true
	}
	if len(message) == 0 { // version 1 has no frame for some messages
		return nil, true
	}
	return s.Format.Frame(nil, message)
}

// close closes the outbox and counts it. Only the first call has an effect.
func (s *Sender) close(info outbox.CloseInfo) {
	if s.Outbox.Close(info) {
		s.shared.Counters.Closes[info.Reason].Add(1)
	}
}

// Put queues a packet and reports whether it was queued. A client over its limit is closed here. Its session
// leaves later, when the transport calls Detach: a sender never cleans up for another client.
func (s *Sender) Put(p outbox.Packet) (queued bool) {
	return s.Counted(s.Outbox.Put(p)) == outbox.Queued
}

// Counted counts a client that a packet has closed as slow.
func (s *Sender) Counted(result outbox.PutResult) outbox.PutResult {
	if result == outbox.Overflow {
		s.shared.Counters.Closes[outbox.CloseSlow].Add(1)
	}
	return result
}

// SendLast queues the last message, unless it is nil, and refuses everything after it. Only the first call has an
// effect. Caller must hold the owner's lock.
func (s *Sender) SendLast(last wamp.Message, info outbox.CloseInfo) {
	if s.ended {
		return
	}
	defer func() { s.ended = true }()
	defer s.close(info)
	if last != nil {
		s.Send(last)
	}
}

// Ended reports whether nothing more is sent. Caller must hold the owner's lock.
func (s *Sender) Ended() bool { return s.ended }

// Detach drops what is queued: the transport is closed. It reports whether that is the first call.
func (s *Sender) Detach() (first bool) {
	s.Outbox.Discard()
	return s.detached.CompareAndSwap(false, true)
}

// Goodbye returns a GOODBYE with a text, unless that is "".
func Goodbye(reason wamp.URI, text string) *wamp.Goodbye {
	details := wamp.Dict{}
	if text != "" {
		details["message"] = text
	}
	return &wamp.Goodbye{Details: details, Reason: reason}
}

// Abort returns the ABORT that tells a failure.
func Abort(failure *wamp.Failure) *wamp.Abort {
	return &wamp.Abort{Details: wamp.Dict{"message": failure.Message}, Reason: failure.URI}
}
