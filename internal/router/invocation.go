package router

import (
	"cmp"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// outgoing is the part of a call that its callee sees.
type outgoing struct {
	calls.Options
	procedure wamp.URI
	payload   wamp.Payload // released once no other callee may be asked
	disclose  peer.Disclosure
}

// invoke asks the callees of the registration until one takes the call. If none takes it, invoke answers the call
// with an error.
func (c *call) invoke() {
	for {
		chosen, refusal := c.registration.pick(c)
		if refusal != nil {
			c.finish(calls.Answer{Err: cmp.Or(c.unsent, refusal)})
			return
		}
		payload, err := c.payload.In(chosen.session.Encoding().Serialization())
		if err != nil {
			chosen.release()
			c.finish(calls.Answer{Err: calls.Inexpressible(err)})
			return
		}
		invocation := &wamp.Invocation{Registration: c.registration.id, Details: c.details(chosen), Payload: payload}
		if chosen.ask(c, invocation) {
			if !c.mayAskAnother() {
				c.payload = wamp.Payload{} // may be large, and is not read again
			}
			return
		}
		chosen.release()
		if c.claim.Killed() {
			c.finish(calls.Answer{Err: calls.Canceled("the caller canceled the call")})
			return
		}
		c.refused = append(c.refused, chosen.session)
	}
}

// mayAskAnother reports whether another callee can be asked if the callee refuses the INVOCATION. A call with
// progressive invocations stays with its first callee: the parts are not kept.
func (c *call) mayAskAnother() bool {
	return c.registration.policy != calls.InvokeSingle && !c.SendsProgress
}

// ask queues an INVOCATION, unless UNREGISTERED was queued: a callee must not be asked after it has unregistered.
// It returns false if the callee has unregistered or left, its outbox has no room, or the call was answered.
func (callee *callee) ask(c *call, invocation *wamp.Invocation) bool {
	callee.registration.mu.RLock()
	defer callee.registration.mu.RUnlock()
	return !callee.gone && callee.session.ask(c, callee, invocation)
}

// invocation is one pending INVOCATION of a callee.
type invocation struct {
	call   *call
	callee *callee
}

// ask queues an INVOCATION and records the call that its answer belongs to.
func (s *Session) ask(c *call, callee *callee, message *wamp.Invocation) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	next := s.lastInvocation%wamp.MaxID + 1
	if s.left || !c.assign(assignment{callee: callee, invocation: next}) {
		return false
	}
	message.Request = next
	result := s.client.sender.SendCall(message, c.caller.source())
	if result == outbox.Full || result == outbox.TooLarge {
		c.unsent = sender.ArgumentsUnsent(result, c.procedure)
		return false
	}
	if s.invocations == nil {
		s.invocations = make(map[wamp.ID]invocation)
	}
	s.lastInvocation = next
	s.invocations[next] = invocation{call: c, callee: callee}
	return true
}

// details returns the Details of the INVOCATION for the chosen callee.
func (c *call) details(chosen *callee) wamp.Dict {
	details := chosen.can().Details(&c.Options)
	if s := c.caller; s != nil {
		s.Identity().TrustLevel(details, s.realm.router.settings.Load().TrustLevels)
		if c.disclose == peer.DiscloseAlways || chosen.DiscloseCaller {
			s.Identity().Disclose(details, "caller", s.id)
		}
	}
	if c.registration.match != wamp.MatchExact {
		details["procedure"] = string(c.procedure)
	}
	return details
}
