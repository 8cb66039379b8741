package router

import (
	"cmp"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// RegistrationInfo is one procedure or pattern that can be called.
type RegistrationInfo struct {
	ID        wamp.ID
	Created   time.Time
	Procedure wamp.URI
	Match     wamp.Match
	Policy    Policy
	Local     bool       // the server itself answers
	Callees   []*Session // the oldest first; none if Local
}

// Registrations lists what is registered, sorted by procedure.
func (r *Realm) Registrations() []RegistrationInfo {
	r.dealer.mu.RLock()
	all := r.dealer.registrations.All(nil)
	r.dealer.mu.RUnlock()

	infos := make([]RegistrationInfo, 0, len(all))
	for _, reg := range all {
		infos = append(infos, reg.info())
	}
	slices.SortFunc(infos, func(a, b RegistrationInfo) int {
		return cmp.Or(cmp.Compare(a.Procedure, b.Procedure), cmp.Compare(a.Match, b.Match))
	})
	return infos
}

// Registration finds what is registered by exactly this URI and match.
func (r *Realm) Registration(procedure wamp.URI, match wamp.Match) (RegistrationInfo, bool) {
	r.dealer.mu.RLock()
	reg := r.dealer.getLocked(procedure, match)
	r.dealer.mu.RUnlock()
	return reg.infoIf()
}

// RegistrationFor finds what a call of the procedure would go to.
func (r *Realm) RegistrationFor(procedure wamp.URI) (RegistrationInfo, bool) {
	return r.dealer.find(procedure).infoIf()
}

func (reg *registration) infoIf() (RegistrationInfo, bool) {
	if reg == nil {
		return RegistrationInfo{}, false
	}
	return reg.info(), true
}

func (reg *registration) info() RegistrationInfo {
	info := RegistrationInfo{
		ID: reg.id, Created: reg.created, Procedure: reg.procedure, Match: reg.match, Policy: reg.policy, Local: reg.local != nil,
	}
	for _, c := range reg.all() {
		info.Callees = append(info.Callees, c.session)
	}
	return info
}

// Callee tells who would be asked first: a session, or nil and true for the server itself.
func (r *Realm) Callee(procedure wamp.URI) (*Session, bool) {
	info, ok := r.RegistrationFor(procedure)
	switch {
	case !ok, !info.Local && len(info.Callees) == 0:
		return nil, false
	case info.Local:
		return nil, true
	case info.Policy == InvokeLast:
		return info.Callees[len(info.Callees)-1], true
	default:
		return info.Callees[0], true
	}
}

// Procedures lists what is registered exactly, sorted.
func (r *Realm) Procedures() []wamp.URI {
	var all []wamp.URI
	for _, info := range r.Registrations() {
		if info.Match == wamp.MatchExact {
			all = append(all, info.Procedure)
		}
	}
	return all
}
