package router

import (
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// registration is one procedure or pattern of procedures, with its callees or the local procedure that answers its
// calls.
type registration struct {
	id        wamp.ID
	procedure wamp.URI
	match     wamp.Match
	policy    calls.Policy
	created   time.Time
	local     *LocalProcedure // nil: callees answer

	mu      sync.RWMutex // guards what follows; held while an INVOCATION is queued
	callees calls.Callees[*callee]
}

// callee is one session in a registration.
type callee struct {
	calls.CalleeOptions
	registration *registration
	session      *Session

	slots calls.Slots // of its concurrency
	gone  bool        // UNREGISTERED is queued, or the session has left; guarded by registration.mu
}

// calleeLocked returns the callee of that session, or nil. Caller must hold mu.
func (reg *registration) calleeLocked(s *Session) *callee {
	for c := range reg.callees.All() {
		if c.session == s {
			return c
		}
	}
	return nil
}

// pick chooses the callee to ask and reserves one of its pending calls, which release returns. Callees that were
// asked before are skipped, as if they were not registered (WAMP, "Call Rerouting").
func (reg *registration) pick(c *call) (*callee, *calls.Error) {
	if reg.policy == calls.InvokeRoundRobin {
		reg.mu.Lock()
		defer reg.mu.Unlock()
	} else {
		reg.mu.RLock()
		defer reg.mu.RUnlock()
	}
	var incapable *calls.Error
	chosen, ok := reg.callees.Pick(reg.policy, func(candidate *callee) bool {
		if slices.Contains(c.refused, candidate.session) {
			return false
		}
		if err := candidate.can().Unfit(&c.Options, c.procedure); err != nil {
			incapable = err
			return false
		}
		return candidate.slots.Reserve(candidate.Concurrency)
	})
	switch {
	case ok:
		return chosen, nil
	case incapable != nil:
		return nil, incapable
	case reg.callees.Len() == 0 && len(c.refused) == 0:
		return nil, calls.Errorf(wamp.ErrNoSuchProcedure, "nobody has registered %q any more", c.procedure)
	}
	return nil, calls.NoAvailableCallee(c.procedure)
}

// can tells what the callee can do.
func (c *callee) can() calls.Callee {
	return calls.Callee{CalleeOptions: c.CalleeOptions, Has: c.session.features, Strict: c.session.strict()}
}

func (c *callee) release() { c.slots.Release(c.Concurrency) }

func (reg *registration) allCallees() []*callee {
	reg.mu.RLock()
	defer reg.mu.RUnlock()
	return slices.Collect(reg.callees.All())
}
