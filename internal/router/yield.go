package router

import "github.com/tidings-io/tidings/internal/wamp"

// yield handles YIELD.
func (s *Session) yield(m *wamp.Yield) error {
	if err := s.checkPassthru(m.Options, calleePassthru); err != nil {
		return err
	}
	a := answer{payload: m.Payload, passthru: m.Options.Passthru()}
	if progress, _ := m.Options.Bool("progress"); progress {
		held, err := s.invocation(m.Request)
		if held.call != nil {
			held.call.progress(a)
		}
		return err
	}
	held, err := s.takeInvocation(m.Request)
	if held.call != nil {
		held.call.finish(a)
	}
	return err
}

// invocation gives the call that a part of an answer is for.
func (s *Session) invocation(id wamp.ID) (invocation, error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.invocationLocked(id)
}

// takeInvocation gives the call that an answer is for; none for one that was answered without the
// callee.
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

// invocationLocked finds what the callee was asked. An id that was never issued is a violation (WAMP,
// "Protocol Violations").
func (s *Session) invocationLocked(id wamp.ID) (invocation, error) {
	if id > s.lastInvocation {
		return invocation{}, wamp.Violation("no INVOCATION %d was sent to this session", id)
	}
	return s.invocations[id], nil
}
