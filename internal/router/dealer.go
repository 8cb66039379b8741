package router

import (
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// errUnregistered is the reason that a callee is told whose registration is taken away.
const errUnregistered wamp.URI = "wamp.error.unregistered"

// dealer knows which procedures are registered in a realm.
type dealer struct {
	own map[wamp.URI]*registration // the router's; static

	mu       sync.RWMutex // guards what follows, and which callees a registration has, beside its own lock
	last     wamp.Sequence
	exact    map[wamp.URI]*registration
	prefix   prefixTree[registration]
	wildcard wildcardTree[registration]
}

func (d *dealer) init() { d.exact = make(map[wamp.URI]*registration) }

// find gives the one registration that a call of procedure goes to: exact, or else the longest
// prefix, or else the most specific wildcard (WAMP, "Pattern-based Registrations"). If that one has
// nobody who can answer, no other is asked.
//
// A prefix may end inside a component, a1.b2.c3 in a1.b2.c33.d4.e5. If no other prefix matches, it
// comes after wildcards: the specification's own example has it so.
func (d *dealer) find(procedure wamp.URI) *registration {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if reg := d.exact[procedure]; reg != nil {
		return reg
	}
	if reg := d.own[procedure]; reg != nil {
		return reg
	}
	prefix, whole := d.prefix.longest(string(procedure))
	if whole {
		return prefix
	}
	if reg := d.wildcard.best(string(procedure)); reg != nil {
		return reg
	}
	return prefix
}

func (d *dealer) getLocked(procedure wamp.URI, match wamp.Match) *registration {
	switch match {
	case wamp.MatchPrefix:
		return d.prefix.get(string(procedure))
	case wamp.MatchWildcard:
		return d.wildcard.get(string(procedure))
	default:
		return d.exact[procedure]
	}
}

// addLocked gives the registration its id and makes it callable. It fails if the procedure is taken.
func (d *dealer) addLocked(reg *registration) error {
	if d.getLocked(reg.procedure, reg.match) != nil {
		return wamp.Fail(wamp.ErrProcedureAlreadyExists, "%q is registered already", reg.procedure)
	}
	reg.id, reg.created = d.last.Next(), time.Now()
	switch reg.match {
	case wamp.MatchPrefix:
		d.prefix.put(string(reg.procedure), reg)
	case wamp.MatchWildcard:
		d.wildcard.put(string(reg.procedure), reg)
	default:
		d.exact[reg.procedure] = reg
	}
	return nil
}

func (d *dealer) removeLocked(reg *registration) {
	if d.getLocked(reg.procedure, reg.match) != reg {
		return
	}
	switch reg.match {
	case wamp.MatchPrefix:
		d.prefix.remove(string(reg.procedure))
	case wamp.MatchWildcard:
		d.wildcard.remove(string(reg.procedure))
	default:
		delete(d.exact, reg.procedure)
	}
}

// wish is what a REGISTER asks for.
type wish struct {
	terms
	session   *Session
	procedure wamp.URI
	match     wamp.Match
	policy    Policy
	force     bool // whoever has it now gives way
}

// register makes the session a callee of a procedure and queues the answer in the same step: an
// INVOCATION cannot come before it. A repeated request is answered with the same registration.
func (d *dealer) register(request wamp.ID, w *wish) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	held := d.getLocked(w.procedure, w.match)
	if held != nil && w.force && held.local == nil {
		if err := w.session.mayReplace(held); err != nil {
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
	if held.policy == InvokeSingle {
		return wamp.Fail(wamp.ErrProcedureAlreadyExists, "%q is registered already", w.procedure)
	}
	return w.session.joinLocked(held, request, w)
}

func (d *dealer) createLocked(request wamp.ID, w *wish) error {
	reg := &registration{procedure: w.procedure, match: w.match, policy: w.policy}
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if err := d.addLocked(reg); err != nil {
		return err
	}
	err := w.session.joinLocked(reg, request, w)
	if len(reg.callees) == 0 { // refused, or it has left
		d.removeLocked(reg)
	}
	return err
}

// joinLocked adds the session to a registration, whose lock is held.
func (s *Session) joinLocked(reg *registration, request wamp.ID, w *wish) error {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.left {
		return nil
	}
	if err := s.fullLocked(); err != nil {
		return err
	}
	added := &callee{terms: w.terms, registration: reg, session: s}
	reg.callees = append(reg.callees, added)
	s.registrations = append(s.registrations, added)
	c.sendLocked(&wamp.Registered{Request: request, Registration: reg.id})
	s.realm.meta.registered(s, reg)
	return nil
}

// fullLocked says why the session may not have one more registration, if it may not.
func (s *Session) fullLocked() error {
	limit := s.realm.router.options.Limits.Registrations
	if len(s.registrations) < limit {
		return nil
	}
	return wamp.Fail(wamp.ErrLimitExceeded, "a session holds at most %d registrations", limit)
}

// mayReplace finds out whether there is room for what comes in the place of held, before that is taken
// from anybody: its callees must not lose it to a REGISTER that is refused.
func (s *Session) mayReplace(held *registration) error {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if slices.ContainsFunc(s.registrations, func(c *callee) bool { return c.registration == held }) {
		return nil
	}
	return s.fullLocked()
}

// unregister ends a registration of the session and queues the answer as the last that the session
// hears of it, but for the calls that it has been asked already.
func (d *dealer) unregister(s *Session, request, id wamp.ID) error {
	held := s.registered(id)
	if held != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.leaveLocked(held, &wamp.Unregistered{Request: request}) {
			return nil // otherwise it was taken away meanwhile, or the session is leaving
		}
	}
	return wamp.Fail(wamp.ErrNoSuchRegistration, "this session holds no registration %d", id)
}

// registered finds what the session has by the id of its registration.
func (s *Session) registered(id wamp.ID) *callee {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for _, held := range s.registrations {
		if held.registration.id == id {
			return held
		}
	}
	return nil
}

// leaveLocked takes a callee out of its registration, which ends with its last. The callee is told
// last, if there is anything to tell it. false: it was out already, and is told nothing.
func (d *dealer) leaveLocked(gone *callee, last wamp.Message) bool {
	reg := gone.registration
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if gone.gone {
		return false
	}
	reg.removeLocked(gone)
	if len(reg.callees) == 0 {
		d.removeLocked(reg)
	}
	s := gone.session
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	s.registrations = slices.DeleteFunc(s.registrations, func(held *callee) bool { return held == gone })
	if last != nil {
		s.client.sendLocked(last)
	}
	s.realm.meta.unregistered(s, reg)
	return true
}

// drop removes a callee that has left.
func (d *dealer) drop(gone *callee) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leaveLocked(gone, nil)
}

// revokeLocked takes a registration away from all its callees. Only those that said that they know
// what it means are told (WAMP, "Registration Revocation"): others would end the conversation.
func (d *dealer) revokeLocked(reg *registration) {
	for _, gone := range reg.all() {
		d.leaveLocked(gone, gone.revocation(errUnregistered))
	}
}

func (c *callee) revocation(reason wamp.URI) wamp.Message {
	if !c.session.features.has(calleeIsRevoked) {
		return nil
	}
	return &wamp.Unregistered{Details: wamp.Dict{"registration": int64(c.registration.id), "reason": string(reason)}}
}

func (reg *registration) all() []*callee {
	reg.mu.RLock()
	defer reg.mu.RUnlock()
	return slices.Clone(reg.callees)
}

func (d *dealer) count() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.exact) + d.prefix.size + d.wildcard.size
}
