package router

import (
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// yield handles YIELD.
func (s *Session) yield(m *wamp.Yield) error {
	if err := s.checkPassthru(m.Options, peer.CalleePassthru); err != nil {
		return err
	}
	a := calls.Answer{Payload: m.Payload, Passthru: m.Options.Passthru()}
	if progress, _ := m.Options.Bool("progress"); progress {
		held, err := s.invocation(m.Request)
		if held.call != nil {
			held.call.progress(held.callee, a)
		}
		return err
	}
	held, err := s.takeInvocation(m.Request)
	if held.call != nil {
		held.call.finish(a)
	}
	return err
}

// invocation returns the pending invocation of that id, for a progressive result.
func (s *Session) invocation(id wamp.ID) (invocation, error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.invocationLocked(id)
}

// takeInvocation removes and returns the pending invocation of that id. It is empty if the call was answered
// without the callee.
func (s *Session) takeInvocation(id wamp.ID) (invocation, error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	held, err := s.invocationLocked(id)
	if held.call != nil {
		delete(s.invocations, id)
		held.callee.release()
	}
	return held, err
}

// invocationLocked returns the pending invocation of that id. An id that was never sent is a protocol violation
// (WAMP, "Protocol Violations"). Caller must hold client.mu.
func (s *Session) invocationLocked(id wamp.ID) (invocation, error) {
	if id > s.lastInvocation {
		return invocation{}, wamp.Violation("no INVOCATION %d was sent to this session", id)
	}
	return s.invocations[id], nil
}
