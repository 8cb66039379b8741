package router

import (
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// dealer holds the registrations of a realm.
type dealer struct {
	mu            sync.RWMutex // guards what follows; with registration.mu, the callees of each registration
	last          wamp.Sequence
	registrations pattern.Map[registration]
	hidden        int                                  // of them
	ids           pattern.Table[wamp.ID, registration] // those that are not hidden, by id
}

// find returns the one registration that a call of procedure goes to, or nil. If that registration has
// no callee that can answer, no other is asked.
func (d *dealer) find(procedure wamp.URI) *registration {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.registrations.Best(procedure)
}

func (d *dealer) getLocked(procedure wamp.URI, match wamp.Match) *registration {
	return d.registrations.Get(procedure, match)
}

// addLocked gives the registration an id, unless it is hidden, and makes it callable. It fails if the procedure is
// taken. Caller must hold mu.
func (d *dealer) addLocked(reg *registration) error {
	if d.getLocked(reg.procedure, reg.match) != nil {
		return wamp.Fail(wamp.ErrProcedureAlreadyExists, "%q is registered already", reg.procedure)
	}
	if reg.hidden() {
		d.hidden++
	} else {
		reg.id, reg.created = d.last.Next(), time.Now()
		d.ids.Put(reg.id, reg)
	}
	d.registrations.Put(reg.procedure, reg.match, reg)
	return nil
}

func (d *dealer) removeLocked(reg *registration) {
	if d.getLocked(reg.procedure, reg.match) != reg {
		return
	}
	d.registrations.Delete(reg.procedure, reg.match)
	if reg.hidden() {
		d.hidden--
	}
	d.ids.Delete(reg.id)
}

func (d *dealer) count() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.registrations.Len() - d.hidden
}
