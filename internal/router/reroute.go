package router

import "github.com/tidings-io/tidings/internal/router/calls"

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
