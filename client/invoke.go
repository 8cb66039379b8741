package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// invoke starts the procedure of an invocation.
func (l *link) invoke(m *wamp.Invocation) error {
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	r := l.registrations[m.Registration]
	switch {
	case r == nil: // INVOCATION and UNREGISTER have crossed
		return l.putLocked(invocationError(m.Request, &Error{URI: string(wamp.ErrNoSuchProcedure)}))
	case len(l.invocations) >= c.config.Limits.Invocations:
		busy := &Error{URI: string(wamp.ErrUnavailable), Message: "too many calls at the same time"}
		return l.putLocked(invocationError(m.Request, busy))
	}
	ctx, cancel := context.WithCancel(c.life)
	l.invocations[m.Request] = cancel
	c.handlers.Go(func() {
		answer := l.run(ctx, r, m)
		cancel()
		l.yield(m.Request, answer)
	})
	return nil
}

// run calls the procedure and returns the answer as a message.
func (l *link) run(ctx context.Context, r *Registration, m *wamp.Invocation) wamp.Message {
	payload, err := payloadFromWAMP(m.Payload)
	if err != nil {
		return invocationError(m.Request, &Error{URI: string(wamp.ErrInvalidArgument), Message: err.Error()})
	}
	result, err := r.call(ctx, newInvocation(l, r, m, payload))
	if err == nil {
		var body wamp.Payload
		if body, err = r.client.payload(result); err == nil {
			return &wamp.Yield{Request: m.Request, Options: wamp.Dict{}, Payload: body}
		}
	}
	var answer *Error
	switch {
	case errors.As(err, &answer) && answer != nil && answer.URI != "":
	case ctx.Err() != nil:
		answer = &Error{URI: string(wamp.ErrCanceled), Message: err.Error()}
	default:
		answer = &Error{URI: string(ErrRuntime), Message: err.Error()}
	}
	return invocationError(m.Request, answer)
}

// call runs the procedure. A panic is the error that its caller gets.
func (r *Registration) call(ctx context.Context, call *Invocation) (result Payload, err error) {
	panicked := r.client.guard("a procedure", r.uri, func() { result, err = r.procedure(ctx, call) })
	if panicked {
		return Payload{}, &Error{URI: string(ErrRuntime), Message: fmt.Sprintf("the procedure %s failed on this call; the log of its program says why", r.uri)}
	}
	return result, err
}

// yield sends the answer of an invocation, unless its session is over.
func (l *link) yield(id wamp.ID, answer wamp.Message) {
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(l.invocations, id)
	if c.link != l {
		return
	}
	if err := l.putLocked(answer); err != nil { // a JSON value that this serialization cannot express
		failed := &Error{URI: string(ErrRuntime), Message: err.Error()}
		if err := l.putLocked(invocationError(id, failed)); err != nil {
			l.socket.conn.Close() // the caller must get an answer: the router answers for a lost callee
		}
	}
}

// interrupt cancels the context of a running procedure.
func (l *link) interrupt(id wamp.ID) {
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	if cancel := l.invocations[id]; cancel != nil {
		cancel()
	}
}

func newInvocation(l *link, r *Registration, m *wamp.Invocation, payload Payload) *Invocation {
	details := m.Details
	i := &Invocation{Payload: payload, Procedure: r.uri, Details: wamp.PlainMap(details), link: l, id: m.Request}
	i.Progressive, _ = details.Bool("receive_progress") // absent means no
	if procedure, ok := details.String("procedure"); ok {
		i.Procedure = procedure
	}
	caller, _ := details.ID("caller") // absent unless disclosed, as are the next two
	i.Caller = uint64(caller)
	i.CallerAuthID, _ = details.String("caller_authid")
	i.CallerAuthRole, _ = details.String("caller_authrole")
	return i
}

// invocationError returns the ERROR for an invocation. Arguments that cannot be encoded are left out, so that the
// caller gets the error in any case.
func invocationError(id wamp.ID, e *Error) *wamp.Error {
	payload := e.Payload
	if payload.Args == nil && e.Message != "" {
		payload.Args = []any{e.Message}
	}
	m := &wamp.Error{RequestType: wamp.CodeInvocation, Request: id, Details: wamp.Dict{}, Error: wamp.URI(e.URI)}
	if encoded, err := toWAMP(payload); err == nil {
		m.Payload = encoded
	}
	return m
}
