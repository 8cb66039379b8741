package router

import (
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// dealer knows which procedures are registered in a realm.
type dealer struct {
	own map[wamp.URI]*registration // the router's; static

	mu    sync.RWMutex // guards what follows
	last  wamp.Sequence
	exact map[wamp.URI]*registration
}

// registration is one procedure and who answers it: a session, or a component of the server.
type registration struct {
	id             wamp.ID
	procedure      wamp.URI
	callee         *Session      // nil: local answers
	local          *Registration // nil: callee answers
	discloseCaller bool          // the callee asked to be told who calls

	mu   sync.RWMutex // guards what follows; held while an INVOCATION is queued
	gone bool         // UNREGISTERED is queued, or the callee has left
}

func (d *dealer) init() { d.exact = make(map[wamp.URI]*registration) }

// find gives the registration that a call of procedure goes to: one, or none.
func (d *dealer) find(procedure wamp.URI) *registration {
	d.mu.RLock()
	reg := d.exact[procedure]
	d.mu.RUnlock()
	if reg == nil {
		return d.own[procedure]
	}
	return reg
}

// add gives the registration its id and makes it callable. It fails if the procedure is taken.
func (d *dealer) addLocked(reg *registration) error {
	if d.exact[reg.procedure] != nil {
		return wamp.Fail(wamp.ErrProcedureAlreadyExists, "%q is registered already", reg.procedure)
	}
	reg.id = d.last.Next()
	d.exact[reg.procedure] = reg
	return nil
}

// register makes the session the callee of a procedure and queues the answer in the same step: an
// INVOCATION cannot come before it. A repeated request is answered with the same registration.
func (d *dealer) register(s *Session, request wamp.ID, reg *registration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.router.options.Limits.Registrations
	held := d.exact[reg.procedure]
	switch {
	case s.left:
		return nil
	case held != nil && held.callee == s:
		reg = held
	case len(s.registrations) >= limit:
		return wamp.Fail(wamp.ErrLimitExceeded, "a session holds at most %d registrations", limit)
	default:
		if err := d.addLocked(reg); err != nil {
			return err
		}
		s.registrations = append(s.registrations, reg)
	}
	c.sendLocked(&wamp.Registered{Request: request, Registration: reg.id})
	return nil
}

// unregister ends a registration of the session and queues the answer as the last that the session
// hears of it, but for the calls that it has been asked already.
func (d *dealer) unregister(s *Session, request, id wamp.ID) error {
	c := s.client
	reg := s.registration(id)
	if reg == nil {
		return wamp.Fail(wamp.ErrNoSuchRegistration, "this session holds no registration %d", id)
	}
	d.forget(reg)
	reg.mu.Lock()
	defer reg.mu.Unlock()
	reg.gone = true
	c.mu.Lock()
	defer c.mu.Unlock()
	s.registrations = slices.DeleteFunc(s.registrations, func(r *registration) bool { return r == reg })
	c.sendLocked(&wamp.Unregistered{Request: request})
	return nil
}

func (s *Session) registration(id wamp.ID) *registration {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for _, reg := range s.registrations {
		if reg.id == id {
			return reg
		}
	}
	return nil
}

// drop removes the registration of a callee that has left.
func (d *dealer) drop(reg *registration) {
	d.forget(reg)
	reg.mu.Lock()
	defer reg.mu.Unlock()
	reg.gone = true
}

func (d *dealer) forget(reg *registration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.exact[reg.procedure] == reg {
		delete(d.exact, reg.procedure)
	}
}

func (d *dealer) count() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.exact)
}
