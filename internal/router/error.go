package router

import "github.com/tidings-io/tidings/internal/wamp"

// calleeError handles ERROR from a callee.
func (s *Session) calleeError(m *wamp.Error) error {
	if m.RequestType != wamp.CodeInvocation {
		return wamp.Violation("ERROR for %s: a client answers INVOCATION only", m.RequestType)
	}
	if err := s.checkPassthru(m.Details, calleePassthru); err != nil {
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
	return !callee.session.strict() || callee.session.features.has(calleeReroute)
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
