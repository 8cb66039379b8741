package router

import (
	"context"
	"slices"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// register handles REGISTER.
func (s *Session) register(ctx context.Context, m *wamp.Register) error {
	asked := s.basis()
	wanted, err := s.registerRequest(ctx, m)
	if err == nil {
		err = s.realm.dealer.register(m.Request, wanted)
	}
	s.replyError(m, err)
	if err == nil {
		s.recheckSince(ctx, asked)
	}
	return nil
}

// registerRequest is the registration that a REGISTER asks for.
type registerRequest struct {
	calls.CalleeOptions
	session   *Session
	procedure wamp.URI
	match     wamp.Match
	policy    calls.Policy
	force     bool // replace the registration that exists
	others    bool // even if sessions of other users hold it
}

func (s *Session) registerRequest(ctx context.Context, m *wamp.Register) (*registerRequest, error) {
	match := m.Options.Match()
	force, _ := m.Options.Bool("force_reregister")
	decision, err := s.authorize(ctx, Request{Session: s, Action: peer.Register, URI: m.Procedure, Match: match, Replaces: force})
	if err != nil {
		return nil, err
	}
	policy, err := calls.ParsePolicy(m.Options)
	if err != nil {
		return nil, err
	}
	options := calls.ParseCalleeOptions(m.Options)
	if options.DiscloseCaller && s.realm.router.options.Disclosure == peer.DiscloseNever {
		return nil, wamp.Fail(wamp.ErrOptionDisallowed, "disclose_caller is not allowed here")
	}
	return &registerRequest{
		CalleeOptions: options, session: s, procedure: m.Procedure, match: match, policy: policy, force: force, others: decision.ReplacesOthers,
	}, nil
}

// register makes the session a callee and queues REGISTERED in the same step, so that no INVOCATION comes before
// REGISTERED. A repeated request is answered with the same registration.
func (d *dealer) register(request wamp.ID, w *registerRequest) error {
	d.registrations.Mu.Lock()
	defer d.registrations.Mu.Unlock()
	held := d.registrations.GetLocked(w.procedure, w.match)
	if held != nil && w.force && held.local == nil {
		if err := w.mayReplace(held); err != nil {
			return err
		}
		d.revokeLocked(held)
		held = nil
	}
	if held == nil {
		return d.createLocked(request, w)
	}
	if held.policy != w.policy || held.local != nil {
		return wamp.Fail(wamp.ErrProcedureAlreadyExists, "%q is registered already, with the policy %s", w.procedure, held.policy)
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	if known := held.calleeLocked(w.session); known != nil {
		w.session.client.send(&wamp.Registered{Request: request, Registration: held.id})
		return nil
	}
	if held.policy == calls.InvokeSingle {
		return wamp.Fail(wamp.ErrProcedureAlreadyExists, "%q is registered already", w.procedure)
	}
	return w.session.joinLocked(held, request, w)
}

func (d *dealer) createLocked(request wamp.ID, w *registerRequest) error {
	reg := &registration{procedure: w.procedure, match: w.match, policy: w.policy}
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if err := d.addLocked(reg); err != nil {
		return err
	}
	err := w.session.joinLocked(reg, request, w)
	if reg.callees.Len() == 0 { // the session was refused, or has left
		d.removeLocked(reg)
	}
	return err
}

// joinLocked adds the session to a registration. Caller must hold reg.mu.
func (s *Session) joinLocked(reg *registration, request wamp.ID, w *registerRequest) error {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.left {
		return nil
	}
	if err := s.checkRegistrationsLocked(); err != nil {
		return err
	}
	added := &callee{CalleeOptions: w.CalleeOptions, registration: reg, session: s}
	reg.callees.Add(added)
	s.registrations = append(s.registrations, added)
	c.sender.Send(&wamp.Registered{Request: request, Registration: reg.id})
	s.realm.changes.ofRegistration(ChangeRegistered, s, reg)
	return nil
}

// checkRegistrationsLocked returns an error if the session may hold no further registration. Caller must hold
// client.mu.
func (s *Session) checkRegistrationsLocked() error {
	limit := s.realm.router.limits().Registrations
	if len(s.registrations) < limit {
		return nil
	}
	return wamp.Fail(wamp.ErrLimitExceeded, "a session holds at most %d registrations", limit)
}

// mayReplace returns an error if the session may not hold a registration in place of held. It is asked before held
// is revoked: its callees must not lose it to a REGISTER that is refused.
func (w *registerRequest) mayReplace(held *registration) error {
	s := w.session
	if !w.others && slices.ContainsFunc(held.allCallees(), func(c *callee) bool { return !c.session.Identity().SameUser(s.Identity()) }) {
		return wamp.Fail(wamp.ErrNotAuthorized,
			"%q is registered by another user: force_reregister takes it only from sessions of the same user, or with an API key that has the scope force_reregister", w.procedure)
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if slices.ContainsFunc(s.registrations, func(c *callee) bool { return c.registration == held }) {
		return nil
	}
	return s.checkRegistrationsLocked()
}
