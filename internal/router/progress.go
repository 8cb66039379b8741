package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// progress sends a progressive result to a caller that asked for them, and restarts the timeout (WAMP, "Progressive
// Call Results"). A caller that did not ask would take the part for the whole, so it gets none.
//
// The parts of one callee take half the caller's outbox at most. A part without room ends the call: later parts make no
// sense without it.
func (c *call) progress(from *callee, a calls.Answer) {
	if !c.ReceivesProgress || c.caller == nil {
		return
	}
	part, err := a.Part(c.request, c.caller.Encoding().Serialization(), c.caller.features)
	if err != nil {
		c.end(calls.Answer{Err: err}, calls.KillNoWait)
		return
	}
	if sent := c.sendPart(part, from.session.source()); sent == outbox.Full || sent == outbox.TooLarge {
		c.end(calls.Answer{Err: sender.ResultUnsent(sent)}, calls.KillNoWait)
	}
}

// sendPart queues a progressive result, unless the call is answered.
func (c *call) sendPart(part *wamp.Result, source outbox.Source) outbox.PutResult {
	client := c.caller.client
	client.mu.Lock()
	defer client.mu.Unlock()
	if !c.claim.Progress(c.Timeout) { // under the same lock as the answer, so that no part follows it
		return outbox.Closed
	}
	return client.sender.SendCall(part, source)
}

// continuation tells which earlier call a CALL continues.
type continuation struct {
	of   *call // the pending call; nil: a new call
	late bool  // the earlier call was answered already
}

// continuation reports whether a CALL continues an earlier one (WAMP, "Progressive Call Invocations").
func (s *Session) continuation(m *wamp.Call) (continuation, error) {
	progress, _ := m.Options.Bool("progress")
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	c := s.calls[m.Request]
	switch {
	case c == nil && s.answeredEarly.Take(m.Request, !progress):
		return continuation{late: true}, nil
	case c == nil && s.strict() && m.Request != s.requests.Last():
		return continuation{}, wamp.Violation("CALL %d goes on with no call", m.Request)
	case c == nil:
		return continuation{}, nil
	case !c.expectsMoreArgs:
		return continuation{}, wamp.Violation("CALL %d is pending: its request id is in use", m.Request)
	case c.procedure != m.Procedure:
		return continuation{}, wamp.Violation("CALL %d goes on with a call of %q, not of %q", m.Request, c.procedure, m.Procedure)
	case (m.Options.Passthru() == nil) != (c.Passthru == nil):
		return continuation{}, wamp.Violation("CALL %d goes on with a call whose payload was passed otherwise", m.Request)
	}
	c.expectsMoreArgs = progress
	return continuation{of: c}, nil
}

// continueCall sends further arguments of a call to its callee. The Authorizer is asked about every part, because it
// may look at payloads.
func (s *Session) continueCall(ctx context.Context, c *call, m *wamp.Call) {
	if _, err := s.authorize(ctx, Request{Session: s, Action: peer.Call, URI: m.Procedure, Payload: m.Payload}); err != nil {
		c.end(calls.Answer{Err: s.realm.router.asCallError(err)}, calls.KillNoWait)
		return
	}
	asked := c.claim.Assigned()
	callee := asked.callee
	if callee == nil {
		return
	}
	payload, err := m.Payload.In(callee.session.Encoding().Serialization())
	if err != nil {
		c.end(calls.Answer{Err: calls.Inexpressible(err)}, calls.KillNoWait)
		return
	}
	details := c.FurtherDetails(m.Options)
	if callee.registration.match != wamp.MatchExact {
		details["procedure"] = string(c.procedure)
	}
	sent := callee.session.askMore(c, &wamp.Invocation{
		Request: asked.invocation, Registration: callee.registration.id, Details: details, Payload: payload,
	})
	if sent == outbox.Full || sent == outbox.TooLarge { // the callee has some arguments, and waits for the rest
		c.end(calls.Answer{Err: sender.ArgumentsUnsent(sent, c.procedure)}, calls.KillNoWait)
	}
}

// askMore queues a further INVOCATION of a call, unless the call is answered.
func (s *Session) askMore(c *call, invocation *wamp.Invocation) outbox.PutResult {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.invocations[invocation.Request].call != c {
		return outbox.Closed
	}
	return s.client.sender.SendCall(invocation, c.caller.source())
}
