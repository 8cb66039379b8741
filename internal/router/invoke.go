package router

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// outgoing is what a callee gets to see of a call.
type outgoing struct {
	procedure   wamp.URI
	payload     wamp.Payload // given up once nobody else may be asked
	passthru    wamp.Dict
	disclose    Disclosure
	timeout     time.Duration // 0: none
	progressive bool          // the caller takes parts of the result
	streams     bool          // the caller sends its arguments in parts
}

// invoke asks callees of the registration until one takes the call. Every way out that asks nobody
// answers the call.
func (c *call) invoke() {
	for {
		chosen, refusal := c.registration.pick(c)
		if refusal != nil {
			c.finish(answer{err: refusal})
			return
		}
		payload, err := c.payload.In(chosen.session.Encoding().Serialization())
		if err != nil {
			chosen.release()
			c.finish(answer{err: inexpressible(err)})
			return
		}
		if !c.mayAskAnother() {
			c.payload = wamp.Payload{} // may be large, and nobody reads it again
		}
		invocation := &wamp.Invocation{Registration: c.registration.id, Details: c.details(chosen), Payload: payload}
		if chosen.ask(c, invocation) {
			return
		}
		chosen.release()
		if c.isKilled() {
			c.finish(answer{err: callCanceled("the caller canceled the call")})
			return
		}
		c.refused = append(c.refused, chosen)
	}
}

// mayAskAnother says whether the call can go to another callee if the first does not take it. What
// comes in parts cannot: the parts are gone.
func (c *call) mayAskAnother() bool { return c.registration.policy != InvokeSingle && !c.streams }

// unfit says why the callee cannot be asked, if it cannot.
func (c *call) unfit(candidate *callee) *CallError {
	has := candidate.session.features
	switch {
	case c.streams && !has.has(calleeTakesProgress), c.streams && c.realm.strict() && !has.has(calleeInterrupt):
		return callError(wamp.ErrFeatureNotSupported, "the callee of %q does not take arguments in parts", c.procedure)
	case c.passthru != nil && !has.has(calleePassthru):
		return callError(wamp.ErrFeatureNotSupported, "the callee of %q does not take payloads that the router cannot read", c.procedure)
	}
	return nil
}

// ask queues an INVOCATION unless UNREGISTERED is queued: a callee must not hear of a registration
// that it has given up. false if it has, or has left, or the call was answered meanwhile.
func (callee *callee) ask(c *call, invocation *wamp.Invocation) bool {
	callee.registration.mu.RLock()
	defer callee.registration.mu.RUnlock()
	return !callee.gone && callee.session.ask(c, callee, invocation)
}

// invocation is what a callee has been asked.
type invocation struct {
	call   *call
	callee *callee
	more   bool // further arguments have followed the first
}

// ask queues an INVOCATION and remembers what its answer is for.
func (s *Session) ask(c *call, callee *callee, message *wamp.Invocation) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	next := s.lastInvocation%wamp.MaxID + 1
	if s.left || !c.assign(assignment{callee: callee, invocation: next}) {
		return false
	}
	if s.invocations == nil {
		s.invocations = make(map[wamp.ID]invocation)
	}
	s.lastInvocation = next
	s.invocations[next] = invocation{call: c, callee: callee}
	message.Request = next
	s.client.sendLocked(message)
	return true
}

func (c *call) details(chosen *callee) wamp.Dict {
	details := detailsOf(c.passthru)
	if c.caller != nil && (c.disclose == DiscloseAlways || chosen.discloseCaller) {
		details["caller"] = int64(c.caller.id)
		details["caller_authid"] = c.caller.identity.ID
		details["caller_authrole"] = c.caller.identity.Role()
	}
	if c.registration.match != wamp.MatchExact {
		details["procedure"] = string(c.procedure)
	}
	if c.timeout > 0 && chosen.ownTimeout {
		details["timeout"] = c.timeout.Milliseconds()
	}
	if c.progressive && chosen.progresses() {
		details["receive_progress"] = true
	}
	if c.streams {
		details["progress"] = true
	}
	if c.caller != nil {
		if level, given := c.caller.trust(); given {
			details["trustlevel"] = int64(level)
		}
	}
	return details
}

// progresses tells whether the callee may give its result in parts. The text asks that it can be
// interrupted as well, but the callees in use do not announce that.
func (callee *callee) progresses() bool {
	has := callee.session.features
	return has.has(calleeSendsProgress) && (has.has(calleeInterrupt) || !callee.session.strict())
}
