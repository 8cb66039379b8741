package router

import (
	"context"
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

// call handles CALL.
func (s *Session) call(ctx context.Context, m *wamp.Call) error {
	if err := s.mayPass(m.Options, callerPasses); err != nil {
		return err
	}
	streams, _ := m.Options.Bool("progress")
	if streams && !s.features.has(callerStreams) {
		return wamp.Violation("progress: this client did not announce progressive_call_invocations for the role caller")
	}
	part, err := s.part(m)
	switch {
	case err != nil:
		return err
	case part.of != nil:
		s.proceed(ctx, part.of, m)
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
		s.realm.callLocal(ctx, c, Invocation{Procedure: m.Procedure, Payload: m.Payload, Caller: s})
		return nil
	}
	c.invoke()
	return nil
}

// refuseCall answers a CALL that nobody is asked for, and discards what may still come of it.
func (s *Session) refuseCall(m *wamp.Call, refused error, more bool) {
	if more {
		s.client.mu.Lock()
		s.rememberLocked(m.Request)
		s.client.mu.Unlock()
	}
	s.reply(m, refused)
}

// newCall makes the call that a CALL asks for, or says why there is none.
func (s *Session) newCall(ctx context.Context, m *wamp.Call) (*call, error) {
	disclose, err := s.disclosure(m.Options)
	if err != nil {
		return nil, err
	}
	if _, err := s.authorize(ctx, Request{Session: s, Action: Call, URI: m.Procedure, Payload: m.Payload}); err != nil {
		return nil, err
	}
	reg := s.realm.dealer.find(m.Procedure)
	if reg == nil {
		return nil, noSuchProcedure(m.Procedure)
	}
	c := &call{
		outgoing:     outgoing{procedure: m.Procedure, payload: m.Payload, disclose: disclose},
		registration: reg, realm: s.realm, caller: s, request: m.Request, began: time.Now(),
	}
	c.read(m.Options)
	if reg.local != nil && (c.streams || c.passthru != nil) {
		return nil, wamp.Fail(wamp.ErrFeatureNotSupported, "%q is answered by the server, which takes plain arguments in one piece", m.Procedure)
	}
	return c, nil
}

// read reads what the caller asks of the call itself.
func (c *call) read(options wamp.Dict) {
	if len(options) == 0 {
		return
	}
	c.passthru = options.Passthru()
	c.progressive, _ = options.Bool("receive_progress")
	c.streams, _ = options.Bool("progress")
	c.more = c.streams
	if ms, _ := options.Int("timeout"); ms > 0 {
		c.timeout = time.Duration(min(ms, maxTimeout.Milliseconds())) * time.Millisecond
	}
}

// maxTimeout keeps the arithmetic of timeouts in range. Nobody waits longer.
const maxTimeout = 365 * 24 * time.Hour

func noSuchProcedure(procedure wamp.URI) error {
	return wamp.Fail(wamp.ErrNoSuchProcedure, "nobody has registered %q", procedure)
}

func noSuchProcedureAnyMore(procedure wamp.URI) *CallError {
	return callError(wamp.ErrNoSuchProcedure, "nobody has registered %q any more", procedure)
}

func inexpressible(err error) *CallError {
	return callError(wamp.ErrInvalidArgument, "the arguments cannot be expressed in the callee's serialization: %s", err)
}

// addCall makes a call of this session pending. One too many is refused with ERROR; the id of
// another that is pending is a protocol violation, because the answers could not be told apart.
func (s *Session) addCall(c *call) (refused, violation error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	limit := s.client.router.options.Limits.PendingCalls
	switch {
	case s.left:
		c.abandon() // nobody is there to hear the answer
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
	case c.streams && !has.has(calleeStreams), c.streams && c.realm.strict() && !has.has(calleeCancels):
		return callError(wamp.ErrFeatureNotSupported, "the callee of %q does not take arguments in parts", c.procedure)
	case c.passthru != nil && !has.has(calleePasses):
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
	next := s.issued%wamp.MaxID + 1
	if s.left || !c.assign(asked{callee: callee, invocation: next}) {
		return false
	}
	if s.invocations == nil {
		s.invocations = make(map[wamp.ID]invocation)
	}
	s.issued = next
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
	if c.timeout > 0 && chosen.timesOut {
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
	return has.has(calleeProgresses) && (has.has(calleeCancels) || !callee.session.strict())
}
