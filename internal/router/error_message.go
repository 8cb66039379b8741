package router

import (
	"errors"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// calleeError handles ERROR, by which a callee fails an invocation.
func (s *Session) calleeError(m *wamp.Error) error {
	if m.RequestType != wamp.CodeInvocation {
		return wamp.Violation("ERROR for %s: a client answers INVOCATION only", m.RequestType)
	}
	if err := s.checkPassthru(m.Details, peer.CalleePassthru); err != nil {
		return err
	}
	held, err := s.takeInvocation(m.Request)
	if held.call == nil {
		return err
	}
	if m.Error == wamp.ErrUnavailable && held.callee.can().Reroutes() && !held.call.claim.Killed() {
		held.call.reroute(held.callee)
		return nil
	}
	held.call.finish(calls.Answer{Err: &calls.Error{URI: m.Error, Payload: m.Payload}, Passthru: m.Details.Passthru()})
	return nil
}

// reroute asks another callee, as if this one were not registered (WAMP, "Call Rerouting"). A call with
// progressive invocations or results stays with its callee.
func (c *call) reroute(refused *callee) {
	c.refused = append(c.refused, refused.session)
	if c.claim.Started() || !c.mayAskAnother() {
		c.finish(calls.Answer{Err: calls.NoAvailableCallee(c.procedure)})
		return
	}
	c.invoke()
}

// replyError sends ERROR for a request that failed. A nil error sends nothing: the request was answered already.
func (s *Session) replyError(request wamp.Message, err error) {
	if err == nil {
		return
	}
	if s.Encoding() == wamp.V1JSON && request.Code() != wamp.CodeCall { // the dialect has no answer
		s.realm.router.counters.Unanswered.Add(1)
		if log, on := s.debug(); on {
			log.Debug("a request was refused, and version 1 has no answer to it", "message", request.Code().String(), "error", err)
		}
	}
	refusal := wamp.Error{RequestType: request.Code(), Request: wamp.RequestID(request), Details: wamp.Dict{}}
	refusal.Error, refusal.Payload = s.errorOf(err)
	s.realm.router.counters.Refusals.Add(1)
	s.client.send(&refusal)
}

// errorOf returns the URI and the payload that the client may see of an error.
func (s *Session) errorOf(err error) (wamp.URI, wamp.Payload) {
	var failure *wamp.Failure
	if !errors.As(err, &failure) {
		s.realm.router.options.Logger.Error("a request failed", "error", err)
		failure = wamp.Fail(ErrInternal, "the server failed on this request")
	}
	return failure.URI, s.textPayload(failure.Message)
}

// textPayload returns a payload of one string in the client's serialization.
func (s *Session) textPayload(message string) wamp.Payload {
	return wamp.TextPayload(message, s.Encoding().Serialization())
}

// ErrInternal is the URI that clients are told for a fault of the server; the log has the details.
const ErrInternal wamp.URI = "tidings.error.internal"
