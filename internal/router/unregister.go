package router

import (
	"cmp"
	"slices"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// errUnregistered is the reason in UNREGISTERED when a registration is revoked.
const errUnregistered wamp.URI = "wamp.error.unregistered"

// unregister handles UNREGISTER: it ends a registration of the session and queues UNREGISTERED. No INVOCATION
// follows UNREGISTERED; pending invocations remain.
func (d *dealer) unregister(s *Session, request, id wamp.ID) error {
	held := s.registered(id)
	if held != nil {
		d.registrations.Mu.Lock()
		defer d.registrations.Mu.Unlock()
		if d.leaveLocked(held, &wamp.Unregistered{Request: request}) {
			return nil // otherwise it was revoked meanwhile, or the session is leaving
		}
	}
	return wamp.Fail(wamp.ErrNoSuchRegistration, "this session holds no registration %d", id)
}

// registered returns the session's part in the registration of that id, or nil.
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

// leaveLocked removes a callee from its registration, which ends with its last callee, and sends it the message, if
// there is one. It returns false if the callee was removed before. Caller must hold registrations.Mu.
func (d *dealer) leaveLocked(gone *callee, last wamp.Message) bool {
	reg := gone.registration
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if gone.gone {
		return false
	}
	gone.gone = true
	reg.callees.Remove(gone)
	if reg.callees.Len() == 0 {
		d.removeLocked(reg)
	}
	s := gone.session
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	s.registrations = slices.DeleteFunc(s.registrations, func(held *callee) bool { return held == gone })
	if last != nil {
		s.client.sender.Send(last)
	}
	s.realm.changes.ofRegistration(ChangeUnregistered, s, reg)
	return true
}

// removeCallee removes a callee whose session has left.
func (d *dealer) removeCallee(gone *callee) {
	d.registrations.Mu.Lock()
	defer d.registrations.Mu.Unlock()
	d.leaveLocked(gone, nil)
}

// Revoke removes a session from a registration. A session that announced registration_revocation is told. Revoke
// reports whether the session held the registration.
func (r *Realm) Revoke(s *Session, registration wamp.ID, reason wamp.URI) bool {
	return r.revokeRegistration(s, registration, wamp.Failure{URI: cmp.Or(reason, errUnregistered)})
}

func (r *Realm) revokeRegistration(s *Session, registration wamp.ID, why wamp.Failure) bool {
	held := s.registered(registration)
	if held == nil {
		return false
	}
	reg := held.registration
	v := peer.Revocation{Action: peer.Register, URI: reg.procedure, Match: reg.match, Reason: why.URI, Text: why.Message}
	removed := r.dealer.revoke(held, &v)
	s.drainObserverCalls()
	if removed {
		s.tellRevoked(v)
	}
	return true
}

func (d *dealer) revoke(held *callee, v *peer.Revocation) bool {
	d.registrations.Mu.Lock()
	defer d.registrations.Mu.Unlock()
	return d.leaveLocked(held, held.revocation(v))
}

// revokeLocked removes all callees of a registration. Only callees that announced registration_revocation are told
// (WAMP, "Registration Revocation"): others would end the conversation. Caller must hold registrations.Mu.
func (d *dealer) revokeLocked(reg *registration) {
	for _, gone := range reg.allCallees() {
		d.leaveLocked(gone, gone.revocation(&peer.Revocation{Reason: errUnregistered}))
	}
}

func (c *callee) revocation(v *peer.Revocation) wamp.Message {
	if !c.session.features.Has(peer.CalleeRevocation) {
		return nil
	}
	return &wamp.Unregistered{Details: v.Details("registration", c.registration.id)}
}
