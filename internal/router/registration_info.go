package router

import (
	"cmp"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// RegistrationInfo is one procedure or pattern that can be called.
type RegistrationInfo struct {
	ID        wamp.ID // 0: hidden
	Created   time.Time
	Procedure wamp.URI
	Match     wamp.Match
	Policy    calls.Policy
	Local     bool       // the server itself answers
	Callees   []*Session // the oldest first; none if Local
}

// Registrations lists what is registered and not hidden, sorted by procedure.
func (r *Realm) Registrations() []RegistrationInfo {
	all := r.dealer.registrations.All()
	infos := make([]RegistrationInfo, 0, len(all))
	for _, reg := range all {
		if !reg.hidden() {
			infos = append(infos, reg.info())
		}
	}
	slices.SortFunc(infos, func(a, b RegistrationInfo) int {
		return cmp.Or(cmp.Compare(a.Procedure, b.Procedure), cmp.Compare(a.Match, b.Match))
	})
	return infos
}

// Registration returns what is registered by exactly this URI and match.
func (r *Realm) Registration(procedure wamp.URI, match wamp.Match) (RegistrationInfo, bool) {
	return r.dealer.registrations.Get(procedure, match).infoIf()
}

// RegistrationByID returns the registration with this id, unless it is hidden.
func (r *Realm) RegistrationByID(id wamp.ID) (RegistrationInfo, bool) {
	return r.dealer.registrations.ByID(id).infoIf()
}

// RegistrationFor returns what a call of the procedure would go to.
func (r *Realm) RegistrationFor(procedure wamp.URI) (RegistrationInfo, bool) {
	return r.dealer.find(procedure).infoIf()
}

// Callee returns the session that would be asked first. If the server itself answers, session is nil and ok is true.
func (r *Realm) Callee(procedure wamp.URI) (session *Session, ok bool) {
	info, ok := r.RegistrationFor(procedure)
	switch {
	case !ok, !info.Local && len(info.Callees) == 0:
		return nil, false
	case info.Local:
		return nil, true
	case info.Policy == calls.InvokeLast:
		return info.Callees[len(info.Callees)-1], true
	default:
		return info.Callees[0], true
	}
}

func (reg *registration) infoIf() (RegistrationInfo, bool) {
	if reg == nil {
		return RegistrationInfo{}, false
	}
	return reg.info(), true
}

// info returns what others may know of the registration. Must not hold reg.mu.
func (reg *registration) info() RegistrationInfo {
	info := reg.details()
	for _, c := range reg.allCallees() {
		info.Callees = append(info.Callees, c.session)
	}
	return info
}

// details returns what does not change while the registration exists.
func (reg *registration) details() RegistrationInfo {
	return RegistrationInfo{
		ID: reg.id, Created: reg.created, Procedure: reg.procedure, Match: reg.match, Policy: reg.policy, Local: reg.local != nil,
	}
}
