package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// register handles REGISTER.
func (s *Session) register(ctx context.Context, m *wamp.Register) error {
	reg, err := s.registrationOf(ctx, m)
	if err == nil {
		err = s.realm.dealer.register(s, m.Request, reg)
	}
	s.reply(m, err)
	return nil
}

func (s *Session) registrationOf(ctx context.Context, m *wamp.Register) (*registration, error) {
	match := m.Options.Match()
	if _, err := s.authorize(ctx, Request{Session: s, Action: Register, URI: m.Procedure, Match: match}); err != nil {
		return nil, err
	}
	// Ignoring these, as one may ignore what was not announced, would register something else than
	// what was asked for.
	if match != wamp.MatchExact {
		return nil, wamp.Fail(wamp.ErrFeatureNotSupported, "match: %s registrations are not supported", match)
	}
	if invoke, given := m.Options.String("invoke"); given && invoke != "single" {
		return nil, wamp.Fail(wamp.ErrFeatureNotSupported, "invoke: a procedure has one callee here")
	}
	disclose, _ := m.Options.Bool("disclose_caller")
	if disclose && s.realm.router.options.Disclosure == DiscloseNever {
		return nil, wamp.Fail(wamp.ErrOptionDisallowed, "disclose_caller is not allowed here")
	}
	return &registration{procedure: m.Procedure, callee: s, discloseCaller: disclose}, nil
}

// call handles CALL.
func (s *Session) call(ctx context.Context, m *wamp.Call) error {
	if err := passthru(m.Options); err != nil {
		return err
	}
	if progress, _ := m.Options.Bool("progress"); progress {
		return wamp.Violation("progress: progressive_call_invocations is not announced by this router")
	}
	disclose, err := s.disclosure(m.Options)
	if err == nil {
		_, err = s.authorize(ctx, Request{Session: s, Action: Call, URI: m.Procedure, Payload: m.Payload})
	}
	var reg *registration
	if err == nil {
		if reg = s.realm.dealer.find(m.Procedure); reg == nil {
			err = noSuchProcedure(m.Procedure)
		}
	}
	if err != nil {
		s.reply(m, err)
		return nil
	}
	pending := &call{caller: s, request: m.Request, began: time.Now()}
	if refused, err := s.addCall(pending); err != nil || refused != nil {
		s.reply(m, refused)
		return err
	}
	if reg.local != nil {
		s.realm.callLocal(ctx, reg.local, pending, Invocation{Procedure: m.Procedure, Payload: m.Payload, Caller: s})
		return nil
	}
	s.realm.invoke(reg, pending, outgoing{payload: m.Payload, caller: s, disclose: disclose})
	return nil
}

func noSuchProcedure(procedure wamp.URI) error {
	return wamp.Fail(wamp.ErrNoSuchProcedure, "nobody has registered %q", procedure)
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

// outgoing is what a callee gets to see of a call.
type outgoing struct {
	payload  wamp.Payload
	caller   *Session
	disclose Disclosure
}

// invoke asks the callee of a registration. Every way out that asks nobody answers the call.
func (r *Realm) invoke(reg *registration, c *call, o outgoing) {
	payload, err := o.payload.In(reg.callee.Encoding().Serialization())
	if err != nil {
		c.finish(answer{err: callError(wamp.ErrInvalidArgument,
			"the arguments cannot be expressed in the callee's serialization: %s", err)})
		return
	}
	invocation := &wamp.Invocation{Registration: reg.id, Details: o.details(reg), Payload: payload}
	if !reg.ask(c, invocation) { // no answer if the caller has left: finish knows
		c.finish(answer{err: callError(wamp.ErrNoSuchProcedure, "nobody has registered %q any more", reg.procedure)})
	}
}

// ask queues an INVOCATION unless UNREGISTERED is queued: a callee must not hear of a registration
// that it has given up.
func (reg *registration) ask(c *call, invocation *wamp.Invocation) bool {
	reg.mu.RLock()
	defer reg.mu.RUnlock()
	return !reg.gone && reg.callee.ask(c, invocation)
}

// ask queues an INVOCATION and remembers what its answer is for; false if the callee has left or the
// call was answered meanwhile.
func (s *Session) ask(c *call, invocation *wamp.Invocation) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.left {
		return false
	}
	next := s.lastIssued.Next()
	if !c.assign(asked{callee: s, invocation: next}) {
		return false
	}
	if s.invocations == nil {
		s.invocations = make(map[wamp.ID]*call)
	}
	s.issued = next
	s.invocations[next] = c
	invocation.Request = next
	s.client.sendLocked(invocation)
	return true
}

func (o outgoing) details(reg *registration) wamp.Dict {
	details := wamp.Dict{}
	if o.caller != nil && (o.disclose == DiscloseAlways || reg.discloseCaller) {
		details["caller"] = int64(o.caller.id)
		details["caller_authid"] = o.caller.identity.ID
		details["caller_authrole"] = o.caller.identity.Role()
	}
	return details
}

// yield handles YIELD.
func (s *Session) yield(m *wamp.Yield) error {
	if err := passthru(m.Options); err != nil {
		return err
	}
	if progress, _ := m.Options.Bool("progress"); progress {
		return s.knownInvocation(m.Request) // nobody asked for progress: dropped, and the call goes on
	}
	c, err := s.takeInvocation(m.Request)
	if c != nil {
		c.finish(answer{payload: m.Payload})
	}
	return err
}

// calleeError handles ERROR from a callee.
func (s *Session) calleeError(m *wamp.Error) error {
	if m.RequestType != wamp.CodeInvocation {
		return wamp.Violation("ERROR for %s: a client answers INVOCATION only", m.RequestType)
	}
	if err := passthru(m.Details); err != nil {
		return err
	}
	c, err := s.takeInvocation(m.Request)
	if c != nil {
		c.finish(answer{err: &CallError{URI: m.Error, Payload: m.Payload}})
	}
	return err
}

// takeInvocation gives the call that an answer is for; nil for one that was answered without the
// callee. An id that was never issued is a violation (WAMP, "Protocol Violations").
func (s *Session) takeInvocation(id wamp.ID) (*call, error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	c := s.invocations[id]
	if c == nil {
		return nil, s.issuedLocked(id)
	}
	delete(s.invocations, id)
	return c, nil
}

func (s *Session) knownInvocation(id wamp.ID) error {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.issuedLocked(id)
}

func (s *Session) issuedLocked(id wamp.ID) error {
	if id > s.issued {
		return wamp.Violation("no INVOCATION %d was sent to this session", id)
	}
	return nil
}
