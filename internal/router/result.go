package router

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

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
func (s *Session) answer(c *call, a calls.Answer) {
	message := a.Message(c.request, s.Encoding().Serialization(), s.features)
	defer s.realm.router.counters.AddCall(c.began, s.realm.router.options.Probe)
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	delete(s.calls, c.request)
	if c.expectsMoreArgs {
		s.answeredEarly.Note(c.request)
	}
	s.client.sender.SendAnswer(message, c.request)
}
