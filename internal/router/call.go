package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// call is one call on its way to a callee and back. Result, error, the callee's leaving and the
// caller's own end may race: who claims it first gives the one answer.
type call struct {
	began   time.Time
	caller  *Session    // asked by CALL; nil: reply takes the answer
	request wamp.ID     // of that CALL
	reply   chan answer // of a call from inside the server; room for the one answer

	mu      sync.Mutex // the last in the lock order, beside Outbox.mu; guards what follows
	claimed bool
	asked   asked
}

// asked is who is working on a call.
type asked struct {
	callee     *Session           // nil: a local procedure, or nobody yet
	invocation wamp.ID            // of that callee
	cancel     context.CancelFunc // of a concurrent local procedure
}

func (a asked) stop() {
	if a.callee != nil {
		a.callee.forgetInvocation(a.invocation)
	}
	if a.cancel != nil {
		a.cancel()
	}
}

// answer is how a call ends: a result, or the error that a callee or the router gives.
type answer struct {
	payload wamp.Payload
	err     *CallError
}

// CallError is the ERROR that a call ended with.
type CallError struct {
	URI     wamp.URI
	Payload wamp.Payload
}

func (e *CallError) Error() string {
	if text, err := e.Payload.Value(); err == nil && string(text) != "null" {
		return fmt.Sprintf("%s: %s", e.URI, text)
	}
	return string(e.URI)
}

func callError(uri wamp.URI, format string, args ...any) *CallError {
	payload, err := wamp.NewPayload([]any{fmt.Sprintf(format, args...)}, nil)
	if err != nil {
		payload = wamp.Payload{} // the URI alone must do
	}
	return &CallError{URI: uri, Payload: payload}
}

func callCanceled(why string) *CallError { return callError(wamp.ErrCanceled, "%s", why) }

// asCallError turns what a procedure or an Authorizer returned into what a caller may see.
func (r *Router) asCallError(err error) *CallError {
	var known *CallError
	if errors.As(err, &known) {
		return known
	}
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return callError(failure.URI, "%s", failure.Message)
	}
	r.options.Logger.Error("a call failed", "error", err)
	return callError(ErrInternal, "the server failed on this call")
}

// claim makes the caller of claim the one who answers, unless somebody else is.
func (c *call) claim() (asked, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed {
		return asked{}, false
	}
	c.claimed = true
	return c.asked, true
}

// assign says who works on the call; false if it is answered already and nobody should.
func (c *call) assign(a asked) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed {
		return false
	}
	c.asked = a
	return true
}

// finish gives the answer, if nobody has yet, and forgets the call on both ends.
func (c *call) finish(a answer) {
	asked, won := c.claim()
	if !won {
		return
	}
	asked.stop()
	if c.caller != nil {
		c.caller.answer(c, a)
		return
	}
	c.reply <- a
}

// abandon drops the call because its caller has left. A late answer of the callee is discarded.
func (c *call) abandon() {
	if asked, won := c.claim(); won {
		asked.stop()
	}
}

// answer queues RESULT or ERROR, the last that this session hears of the call.
func (s *Session) answer(c *call, a answer) {
	message := s.answerMessage(c, a)
	defer s.realm.router.called(c.began)
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	delete(s.calls, c.request)
	s.client.sendLocked(message)
}

// answerMessage converts the payload to the caller's serialization. One that cannot be expressed
// there is an error for the caller, who must get some answer.
func (s *Session) answerMessage(c *call, a answer) wamp.Message {
	serialization := s.Encoding().Serialization()
	if a.err == nil {
		payload, err := a.payload.In(serialization)
		if err == nil {
			return &wamp.Result{Request: c.request, Details: wamp.Dict{}, Payload: payload}
		}
		a.err = callError(wamp.ErrInvalidArgument, "the result cannot be expressed in the caller's serialization: %s", err)
	}
	payload, err := a.err.Payload.In(serialization)
	if err != nil {
		payload = s.text("the error's arguments cannot be expressed in the caller's serialization")
	}
	return &wamp.Error{
		RequestType: wamp.CodeCall,
		Request:     c.request,
		Details:     wamp.Dict{},
		Error:       a.err.URI,
		Payload:     payload,
	}
}

func (s *Session) forgetInvocation(id wamp.ID) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	delete(s.invocations, id)
}

func (r *Router) called(began time.Time) {
	r.counters.calls.Add(1)
	if r.options.Probe != nil {
		r.options.Probe.Called(time.Since(began))
	}
}
