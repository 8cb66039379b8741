package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// link is one session over one connection, with a reader and a writer. A link that is gone is not used again.
type link struct {
	// static after joining
	client     *Client
	socket     *socket
	out        *outgoing
	canCancel  bool // the router knows CANCEL
	canTimeOut bool // the router enforces timeouts of calls

	gone chan struct{} // closed when the session is over

	// guarded by client.mu
	session       Session            // AuthRole, AuthMethod and Details change with a renewal
	endRenewals   context.CancelFunc // nil if the session has no end
	requests      wamp.Sequence
	pending       map[wamp.ID]*pendingRequest
	held          map[wamp.ID]*sharedSubscription
	registrations map[wamp.ID]*Registration
	invocations   map[wamp.ID]context.CancelFunc
	cause         error // why the writer has failed
}

type pendingRequest struct {
	kind     wamp.Code
	settle   func(wamp.Message, error)
	progress func(Payload)
}

func newLink(c *Client, s *socket) *link {
	l := &link{
		client:        c,
		socket:        s,
		out:           newOutgoing(c.config.Limits.Outgoing),
		gone:          make(chan struct{}),
		pending:       make(map[wamp.ID]*pendingRequest),
		held:          make(map[wamp.ID]*sharedSubscription),
		registrations: make(map[wamp.ID]*Registration),
		invocations:   make(map[wamp.ID]context.CancelFunc),
	}
	s.control = l.control
	return l
}

// encode returns the frame of a message.
func (l *link) encode(m wamp.Message) ([]byte, error) {
	message, err := l.socket.encoding.Append(nil, m)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", m.Code(), err)
	}
	return l.socket.frame(message)
}

// putLocked queues a message that needs no answer. Caller must hold client.mu.
func (l *link) putLocked(m wamp.Message) error {
	frame, err := l.encode(m)
	if err != nil {
		return err
	}
	l.out.put(frame)
	return nil
}

// requestLocked gives a request its id and queues it under one lock, so that ids are sent in sequence. Caller must
// hold client.mu.
func (l *link) requestLocked(kind wamp.Code, o outbound) (wamp.ID, error) {
	id := l.requests.Next()
	if err := l.putLocked(o.message(id)); err != nil {
		return 0, err
	}
	if o.settle != nil {
		l.pending[id] = &pendingRequest{kind: kind, settle: o.settle, progress: o.progress}
	}
	return id, nil
}

// read reads messages until the connection ends, and returns the reason.
func (l *link) read() error {
	for {
		frame, err := l.socket.read()
		if err != nil {
			return err
		}
		m, err := l.socket.encoding.Decode(frame)
		var flaw *wamp.PayloadError
		if errors.As(err, &flaw) {
			m, err = l.withoutPayload(m, flaw), nil
		}
		if err == nil && m != nil {
			err = l.receive(m)
		}
		var violation *wamp.Failure
		if errors.As(err, &violation) {
			return errors.Join(err, l.abort(violation))
		}
		if err != nil {
			return err
		}
	}
}

// unreadableEvent is an event whose payload cannot be read. Its position counts, and its handlers are told of a gap.
type unreadableEvent struct{ *wamp.Event }

// withoutPayload returns what becomes of a message whose payload cannot be read, or nil. Only the message fails: a
// procedure is not called, and a call gets an error.
func (l *link) withoutPayload(m wamp.Message, flaw *wamp.PayloadError) wamp.Message {
	l.client.config.Logger.Warn("the payload of a message cannot be read", "message", m.Code().String(), "error", flaw)
	switch m := m.(type) {
	case *wamp.Event:
		return unreadableEvent{m}
	case *wamp.Invocation:
		l.yield(m.Request, invocationError(m.Request, &Error{URI: string(wamp.ErrInvalidArgument), Message: flaw.Error()}))
		return nil
	case *wamp.Result:
		refusal := &wamp.Error{RequestType: wamp.CodeCall, Request: m.Request, Error: wamp.ErrInvalidArgument}
		if text, err := toWAMP(Args(flaw.Error())); err == nil { // otherwise the URI says enough
			refusal.Payload = text
		}
		return refusal
	}
	return m
}

// abort sends ABORT with the protocol violation of the router.
func (l *link) abort(violation *wamp.Failure) error {
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	return l.putLocked(&wamp.Abort{Details: wamp.Dict{"message": violation.Message}, Reason: violation.URI})
}

// receive handles one message. An error ends the connection.
func (l *link) receive(m wamp.Message) error {
	switch m := m.(type) {
	case *wamp.Event:
		return l.event(m, true)
	case unreadableEvent:
		return l.event(m.Event, false)
	case *wamp.Invocation:
		return l.invoke(m)
	case *wamp.Interrupt:
		l.interrupt(m.Request)
		return nil
	case *wamp.Goodbye:
		return l.goodbye(m)
	case *wamp.Abort:
		return newError(m.Reason, m.Details, m.Payload)
	case *wamp.Error:
		if m.RequestType == wamp.CodeYield || m.RequestType == wamp.CodeInvocation { // the caller has got an error
			l.client.config.Logger.Warn("the router refused an answer of this client", "error", newError(m.Error, m.Details, m.Payload))
			return nil
		}
		return l.answer(m.Request, m.RequestType, m)
	case *wamp.Published:
		return l.answer(m.Request, wamp.CodePublish, m)
	case *wamp.Subscribed:
		if err := l.awaitRoom(); err != nil { // for the gap that it may tell
			return err
		}
		return l.answer(m.Request, wamp.CodeSubscribe, m)
	case *wamp.Registered:
		return l.answer(m.Request, wamp.CodeRegister, m)
	case *wamp.Result:
		if progress, _ := m.Details.Bool("progress"); progress {
			return l.progress(m)
		}
		return l.answer(m.Request, wamp.CodeCall, m)
	case *wamp.Unsubscribed:
		if m.Request == 0 {
			l.revokeSubscription(m.Details)
			return nil
		}
		return l.answer(m.Request, wamp.CodeUnsubscribe, m)
	case *wamp.Unregistered:
		if m.Request == 0 {
			l.revokeRegistration(m.Details)
			return nil
		}
		return l.answer(m.Request, wamp.CodeUnregister, m)
	}
	return wamp.Violation("a router does not send %s in a session", m.Code())
}

// answer settles a pending request. An answer to an abandoned request is ignored.
func (l *link) answer(id wamp.ID, kind wamp.Code, m wamp.Message) error {
	var refusal error
	if e, refused := m.(*wamp.Error); refused {
		refusal = newError(e.Error, e.Details, e.Payload)
		l.client.config.Logger.Info("request refused", "request", kind.String(), "error", refusal)
	}
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	r, waiting := l.pending[id]
	if !waiting {
		return nil
	}
	if r.kind != kind {
		return wamp.Violation("%s answers request %d, which is a %s", m.Code(), id, r.kind)
	}
	delete(l.pending, id)
	if refusal != nil {
		m = nil
	}
	r.settle(m, refusal)
	return nil
}

// goodbye answers GOODBYE, unless that is itself the answer, and ends the connection.
func (l *link) goodbye(m *wamp.Goodbye) error {
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	if !l.client.leaving {
		answer := &wamp.Goodbye{Details: wamp.Dict{}, Reason: wamp.CloseGoodbyeAndOut}
		if err := l.putLocked(answer); err != nil {
			return err
		}
	}
	l.control(ws.OpClose, closeNormal())
	return newError(m.Reason, m.Details, wamp.Payload{})
}

// write writes queued frames until the session is gone or a write fails.
func (l *link) write() {
	ping := time.NewTicker(l.client.config.Limits.Ping)
	defer ping.Stop()
	for {
		var last bool
		select {
		case <-l.out.wake:
		case <-ping.C:
			l.control(ws.OpPing, nil)
		case <-l.gone:
			last = true // frames that were queued before the end are still sent
		}
		if frames := l.out.take(); len(frames) > 0 {
			if err := l.socket.write(frames); err != nil {
				l.fail(fmt.Errorf("write: %w", err))
				return
			}
		}
		if last {
			return
		}
	}
}

// fail ends the connection for a reason that its reader cannot see.
func (l *link) fail(cause error) {
	l.client.mu.Lock()
	l.cause = cause
	l.client.mu.Unlock()
	l.socket.conn.Close() // the reader reports the end
}
