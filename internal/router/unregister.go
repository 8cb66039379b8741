package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// errUnregistered is the reason that a callee is told whose registration is taken away.
const errUnregistered wamp.URI = "wamp.error.unregistered"

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

// removeCallee removes a callee that has left.
func (d *dealer) removeCallee(gone *callee) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leaveLocked(gone, nil)
}

// Revoke takes a session out of a registration, and tells it if it knows what that means. It
// reports whether there was anything to take.
func (r *Realm) Revoke(s *Session, registration wamp.ID, reason wamp.URI) bool {
	held := s.registered(registration)
	if held == nil {
		return false
	}
	if reason == "" {
		reason = errUnregistered
	}
	r.dealer.mu.Lock()
	defer r.dealer.mu.Unlock()
	r.dealer.leaveLocked(held, held.revocation(reason))
	return true
}

// revokeLocked takes a registration away from all its callees. Only those that said that they know
// what it means are told (WAMP, "Registration Revocation"): others would end the conversation.
func (d *dealer) revokeLocked(reg *registration) {
	for _, gone := range reg.all() {
		d.leaveLocked(gone, gone.revocation(errUnregistered))
	}
}

func (c *callee) revocation(reason wamp.URI) wamp.Message {
	if !c.session.features.has(calleeRevocation) {
		return nil
	}
	return &wamp.Unregistered{Details: wamp.Dict{"registration": int64(c.registration.id), "reason": string(reason)}}
}
