package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// call handles CALL.
func (s *Session) call(ctx context.Context, m *wamp.Call) error {
	if err := s.checkPassthru(m.Options, peer.CallerPassthru); err != nil {
		return err
	}
	streams, _ := m.Options.Bool("progress")
	if streams && !s.features.Has(peer.CallerSendsProgress) {
		return wamp.Violation("progress: this client did not announce progressive_call_invocations for the role caller")
	}
	part, err := s.continuation(m)
	switch {
	case err != nil:
		return err
	case part.of != nil:
		s.continueCall(ctx, part.of, m)
		return nil
	case part.late:
		return nil
	}
	c, refused := s.newCall(ctx, m)
	if refused == nil {
		if refused, err = s.addCall(c); err != nil {
			return err
		}
	}
	if refused != nil {
		s.refuseCall(m, refused, streams)
		return nil
	}
	if c.registration.local != nil {
		s.realm.callLocal(ctx, c, LocalInvocation{Procedure: m.Procedure, Payload: m.Payload, Caller: s})
		return nil
	}
	c.invoke()
	return nil
}

// refuseCall answers a CALL that no callee is asked for. Further arguments of it are discarded.
func (s *Session) refuseCall(m *wamp.Call, refused error, more bool) {
	if more {
		s.client.mu.Lock()
		s.answeredEarly.Note(m.Request)
		s.client.mu.Unlock()
	}
	s.replyError(m, refused)
}

// newCall returns the call that a CALL asks for, or the error that refuses it.
func (s *Session) newCall(ctx context.Context, m *wamp.Call) (*call, error) {
	disclose, err := s.realm.router.options.Disclosure.Decide(m.Options)
	if err != nil {
		return nil, err
	}
	if _, err := s.authorize(ctx, Request{Session: s, Action: peer.Call, URI: m.Procedure, Payload: m.Payload}); err != nil {
		return nil, err
	}
	reg := s.realm.dealer.find(m.Procedure)
	if reg == nil {
		return nil, calls.NoSuchProcedure(m.Procedure)
	}
	c := &call{
		outgoing:     outgoing{Options: calls.ParseOptions(m.Options), procedure: m.Procedure, payload: m.Payload, disclose: disclose},
		registration: reg, realm: s.realm, caller: s, request: m.Request, began: time.Now(),
	}
	c.expectsMoreArgs = c.SendsProgress
	if reg.local != nil && (c.SendsProgress || c.Passthru != nil) {
		return nil, wamp.Fail(wamp.ErrFeatureNotSupported, "%q is answered by the server, which takes plain arguments in one piece", m.Procedure)
	}
	return c, nil
}

// addCall adds the call to the session's pending calls. A call over the limit is refused with ERROR. A request id
// that is pending already is a protocol violation: the two answers could not be told apart.
func (s *Session) addCall(c *call) (refused, violation error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	limit := s.client.router.limits().PendingCalls
	switch {
	case s.left:
		c.abandon() // the caller has left, no answer is needed
		return nil, nil
	case s.calls[c.request] != nil:
		return nil, wamp.Violation("CALL %d is pending: its request id is in use", c.request)
	case len(s.calls) >= limit:
		return wamp.Fail(wamp.ErrLimitExceeded, "a session has at most %d calls pending", limit), nil
	}
	if s.calls == nil {
		s.calls = make(map[wamp.ID]*call)
	}
	s.calls[c.request] = c
	return nil, nil
}
