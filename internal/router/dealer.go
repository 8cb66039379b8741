package router

import (
	"time"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// dealer holds the registrations of a realm. Their Mu, with registration.mu, also guards the callees of each of them.
type dealer struct {
	registrations pattern.Index[registration]
	hidden        int // of them; guarded by their Mu
}

// find returns the one registration that a call of procedure goes to, or nil. If that registration has
// no callee that can answer, no other is asked.
func (d *dealer) find(procedure wamp.URI) *registration { return d.registrations.Best(procedure) }

// addLocked gives the registration an id, unless it is hidden, and makes it callable. It fails if the procedure is
// taken. Caller must hold registrations.Mu.
func (d *dealer) addLocked(reg *registration) error {
	if d.registrations.GetLocked(reg.procedure, reg.match) != nil {
		return wamp.Fail(wamp.ErrProcedureAlreadyExists, "%q is registered already", reg.procedure)
	}
	if reg.hidden() {
		d.hidden++
		d.registrations.PutHiddenLocked(reg.procedure, reg.match, reg)
		return nil
	}
	reg.id, reg.created = d.registrations.PutLocked(reg.procedure, reg.match, reg), time.Now()
	return nil
}

// removeLocked ends a registration. Caller must hold registrations.Mu.
func (d *dealer) removeLocked(reg *registration) {
	if d.registrations.GetLocked(reg.procedure, reg.match) != reg {
		return
	}
	d.registrations.DeleteLocked(reg.procedure, reg.match, reg.id)
	if reg.hidden() {
		d.hidden--
	}
}

func (d *dealer) count() int {
	d.registrations.Mu.RLock()
	defer d.registrations.Mu.RUnlock()
	return d.registrations.LenLocked() - d.hidden
}
