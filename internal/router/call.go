package router

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// call is one call on its way to a callee and back. Result, error, cancel, timeout, the callee's
// leaving and the caller's own end may race: who claims it first gives the one answer.
type call struct {
	outgoing
	registration *registration
	began        time.Time
	realm        *Realm
	caller       *Session    // asked by CALL; nil: reply takes the answer
	request      wamp.ID     // of that CALL
	reply        chan answer // of a call from inside the server; room for the one answer

	more bool // the caller may send more of its arguments; guarded by the caller's client.mu

	refused []*callee // who was asked in vain; owned by the one goroutine that looks for another

	mu      sync.Mutex // the last in the lock order, beside Outbox.mu; guards what follows
	claimed bool
	killed  bool // the callee was told to give up, and its answer is waited for; nobody else is asked
	started bool // a part of the answer has gone out
	asked   asked
	timer   *time.Timer // ends the call in time; nil: nothing does
}

// asked is who is working on a call.
type asked struct {
	callee     *callee            // nil: a local procedure, or nobody yet
	invocation wamp.ID            // of that callee
	cancel     context.CancelFunc // of a concurrent local procedure
}

// answer is how a call ends: a result, or the error that a callee or the router gives.
type answer struct {
	payload  wamp.Payload
	passthru wamp.Dict // how to read the payload, if only clients can
	err      *CallError
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
	if errors.Is(err, context.Canceled) {
		return callCanceled("the call was canceled")
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
	if c.timer != nil {
		c.timer.Stop()
	}
	return c.asked, true
}

// assign says who works on the call; false if it is answered already, or about to be, and nobody
// should. The time that it may take begins, unless the callee watches it.
func (c *call) assign(a asked) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed || c.killed {
		return false
	}
	c.asked = a
	if c.timeout > 0 && c.timer == nil && (a.callee == nil || !a.callee.timesOut) {
		c.timer = c.after(c.timeout, c.expire)
	}
	return true
}

// finish gives the answer of whoever worked on the call, if nobody has answered yet.
func (c *call) finish(a answer) {
	asked, won := c.claim()
	if !won {
		return
	}
	if asked.cancel != nil {
		asked.cancel()
	}
	c.tell(a)
}

// end gives the answer although somebody still works on the call, whose own is discarded.
func (c *call) end(a answer, mode string) {
	if asked, won := c.claim(); won {
		asked.interrupt(mode)
		c.tell(a)
	}
}

// abandon drops the call because its caller has left (WAMP, "Caller Leaving").
func (c *call) abandon() {
	if asked, won := c.claim(); won {
		asked.interrupt(cancelKillNoWait)
	}
}

func (c *call) tell(a answer) {
	if c.caller != nil {
		c.caller.answer(c, a)
		return
	}
	if a.passthru != nil { // the server reads what it asks for
		a = answer{err: callError(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that the server does not read")}
	}
	c.reply <- a
}

// answer queues RESULT or ERROR, the last that this session hears of the call.
func (s *Session) answer(c *call, a answer) {
	message := s.answerMessage(c, a)
	defer s.realm.router.called(c.began)
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	delete(s.calls, c.request)
	if c.more {
		s.rememberLocked(c.request)
	}
	s.client.sendLocked(message)
}

// answerMessage converts the payload to the caller's serialization. One that cannot be expressed
// there, or that the caller said nothing about being able to read, is an error for the caller, who
// must get some answer.
func (s *Session) answerMessage(c *call, a answer) wamp.Message {
	serialization := s.Encoding().Serialization()
	if err := s.unreadable(a.passthru); err != nil {
		a = answer{err: err}
	}
	if a.err == nil {
		payload, err := a.payload.In(serialization)
		if err == nil {
			return &wamp.Result{Request: c.request, Details: detailsOf(a.passthru), Payload: payload}
		}
		a.err = callError(wamp.ErrInvalidArgument, "the result cannot be expressed in the caller's serialization: %s", err)
	}
	payload, err := a.err.Payload.In(serialization)
	if err != nil {
		payload, a.passthru = s.text("the error's arguments cannot be expressed in the caller's serialization"), nil
	}
	return &wamp.Error{
		RequestType: wamp.CodeCall,
		Request:     c.request,
		Details:     detailsOf(a.passthru),
		Error:       a.err.URI,
		Payload:     payload,
	}
}

// detailsOf makes Details that begin with what says how to read the payload.
func detailsOf(passthru wamp.Dict) wamp.Dict {
	details := wamp.Dict{}
	maps.Copy(details, passthru)
	return details
}

func (r *Router) called(began time.Time) {
	r.counters.calls.Add(1)
	if r.options.Probe != nil {
		r.options.Probe.Called(time.Since(began))
	}
}
