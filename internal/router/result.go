package router

import (
	"context"
	"errors"
	"maps"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// answer is the one answer to a call: a result, or an error of the callee or the router.
type answer struct {
	payload  wamp.Payload
	passthru wamp.Dict // how clients read the payload, if the router cannot
	err      *calls.Error
}

// asCallError returns what a caller may see of the error of a procedure or an Authorizer.
func (r *Router) asCallError(err error) *calls.Error {
	var known *calls.Error
	if errors.As(err, &known) {
		return known
	}
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return calls.Errorf(failure.URI, "%s", failure.Message)
	}
	if errors.Is(err, context.Canceled) {
		return calls.Canceled("the call was canceled")
	}
	r.options.Logger.Error("a call failed", "error", err)
	return calls.Errorf(ErrInternal, "the server failed on this call")
}

// answer queues RESULT or ERROR, the last message about the call.
func (s *Session) answer(c *call, a answer) {
	message := s.answerMessage(c, a)
	defer s.realm.router.counters.AddCall(c.began, s.realm.router.options.Probe)
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	delete(s.calls, c.request)
	if c.expectsMoreArgs {
		s.answeredEarly.Note(c.request)
	}
	s.client.sender.SendAnswer(message, c.request)
}

// answerMessage returns the RESULT or ERROR in the caller's serialization. If the payload cannot be expressed there,
// or the caller did not announce that it can read it, the message is an ERROR that says so.
func (s *Session) answerMessage(c *call, a answer) wamp.Message {
	serialization := s.Encoding().Serialization()
	if err := s.checkReadable(a.passthru); err != nil {
		a = answer{err: err}
	}
	if a.err == nil {
		payload, err := a.payload.In(serialization)
		if err == nil {
			return &wamp.Result{Request: c.request, Details: detailsOf(a.passthru), Payload: payload}
		}
		a.err = calls.Errorf(wamp.ErrInvalidArgument, "the result cannot be expressed in the caller's serialization: %s", err)
	}
	payload, err := a.err.Payload.In(serialization)
	if err != nil {
		payload, a.passthru = s.client.sender.TextPayload("the error's arguments cannot be expressed in the caller's serialization"), nil
	}
	return &wamp.Error{
		RequestType: wamp.CodeCall,
		Request:     c.request,
		Details:     detailsOf(a.passthru),
		Error:       a.err.URI,
		Payload:     payload,
	}
}

// detailsOf returns a new Details dict with the passthru attributes of the payload.
func detailsOf(passthru wamp.Dict) wamp.Dict {
	details := wamp.Dict{}
	maps.Copy(details, passthru)
	return details
}

func (a answer) result() (wamp.Payload, error) {
	if a.err != nil {
		return wamp.Payload{}, a.err
	}
	return a.payload, nil
}
