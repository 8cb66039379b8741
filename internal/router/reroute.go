package router

import (
	"github.com/tidings-io/tidings/internal/router/peer"
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
	if c.claim.Started() || !c.mayAskAnother() {
		c.finish(answer{err: noAvailableCallee(c.procedure)})
		return
	}
	c.invoke()
}
