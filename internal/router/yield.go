package router

import "github.com/tidings-io/tidings/internal/wamp"

// yield handles YIELD.
func (s *Session) yield(m *wamp.Yield) error {
	if err := s.mayPass(m.Options, calleePasses); err != nil {
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

// calleeError handles ERROR from a callee.
func (s *Session) calleeError(m *wamp.Error) error {
	if m.RequestType != wamp.CodeInvocation {
		return wamp.Violation("ERROR for %s: a client answers INVOCATION only", m.RequestType)
	}
	if err := s.mayPass(m.Details, calleePasses); err != nil {
		return err
	}
	held, err := s.takeInvocation(m.Request)
	if held.call == nil {
		return err
	}
	if m.Error == wamp.ErrUnavailable && held.callee.reroutes() && !held.call.isKilled() {
		held.call.reroute(held.callee)
		return nil
	}
	held.call.finish(answer{err: &CallError{URI: m.Error, Payload: m.Payload}, passthru: m.Details.Passthru()})
	return nil
}

// reroutes tells whether the callee means by wamp.error.unavailable that another should be asked.
// Clients in use say it without announcing that.
func (callee *callee) reroutes() bool {
	return !callee.session.strict() || callee.session.features.has(calleeReroutes)
}

// reroute asks another callee, as if this one were not registered (WAMP, "Call Rerouting"). A call
// that has gone out in parts, or whose result has, stays where it is.
func (c *call) reroute(refused *callee) {
	c.refused = append(c.refused, refused)
	if c.hasStarted() || !c.mayAskAnother() {
		c.finish(answer{err: noAvailableCallee(c.procedure)})
		return
	}
	c.invoke()
}

func noAvailableCallee(procedure wamp.URI) *CallError {
	return callError(wamp.ErrNoAvailableCallee, "no callee of %q is available", procedure)
}

func (c *call) hasStarted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started
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
	if id > s.issued {
		return invocation{}, wamp.Violation("no INVOCATION %d was sent to this session", id)
	}
	return s.invocations[id], nil
}
