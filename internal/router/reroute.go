package router

import (
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// reroutes reports whether wamp.error.unavailable of this callee means that another callee should be asked.
// Callees in use send it without announcing call_reroute.
func (callee *callee) reroutes() bool {
	return !callee.session.strict() || callee.session.features.Has(peer.CalleeReroute)
}

// reroute asks another callee, as if this one were not registered (WAMP, "Call Rerouting"). A call with
// progressive invocations or results stays with its callee.
func (c *call) reroute(refused *callee) {
	c.refused = append(c.refused, refused.session)
	if c.hasStarted() || !c.mayAskAnother() {
		c.finish(answer{err: noAvailableCallee(c.procedure)})
		return
	}
	c.invoke()
}

func (c *call) hasStarted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started
}

func noAvailableCallee(procedure wamp.URI) *CallError {
	return callError(wamp.ErrNoAvailableCallee, "no callee of %q is available", procedure)
}
