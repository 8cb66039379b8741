package router

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// registration is one procedure or pattern of procedures, with its callees or the local procedure that answers its
// calls.
type registration struct {
	id        wamp.ID
	procedure wamp.URI
	match     wamp.Match
	policy    Policy
	created   time.Time
	local     *Registration // nil: callees answer

	mu      sync.RWMutex // guards what follows; held while an INVOCATION is queued
	callees []*callee    // the oldest first
	turn    int          // for round-robin: the index of the next callee
}

// callee is one session in a registration.
type callee struct {
	registerOptions
	registration *registration
	session      *Session

	running atomic.Int64 // pending calls, if concurrency is limited
	gone    bool         // UNREGISTERED is queued, or the session has left; guarded by registration.mu
}

// registerOptions are the options of a REGISTER.
type registerOptions struct {
	discloseCaller  bool // invocations name the caller
	enforcesTimeout bool // the callee enforces timeouts itself
	concurrency     int  // the most pending calls; 0: no limit
}

// Policy selects the callee of a shared registration that is asked (WAMP, "Shared Registration").
type Policy uint8

// The policies.
const (
	InvokeSingle Policy = iota // only one callee may register
	InvokeFirst                // the oldest
	InvokeLast                 // the newest
	InvokeRoundRobin
	InvokeRandom
)

var policyNames = [...]string{"single", "first", "last", "roundrobin", "random"}

// String returns the policy as the option invoke names it.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return "unknown"
}

func parsePolicy(options wamp.Dict) (Policy, error) {
	name, given := options.String("invoke")
	if !given {
		return InvokeSingle, nil
	}
	if i := slices.Index(policyNames[:], name); i >= 0 {
		return Policy(i), nil
	}
	return 0, wamp.Fail(wamp.ErrFeatureNotSupported, "invoke: there is no policy %.40q here", name)
}

// calleeLocked returns the callee of that session, or nil. Caller must hold mu.
func (reg *registration) calleeLocked(s *Session) *callee {
	for _, c := range reg.callees {
		if c.session == s {
			return c
		}
	}
	return nil
}

// removeLocked removes a callee. The round-robin turn stays at the same callee. Caller must hold mu.
func (reg *registration) removeLocked(gone *callee) {
	i := slices.Index(reg.callees, gone)
	if i < 0 {
		return
	}
	gone.gone = true
	reg.callees = slices.Delete(reg.callees, i, i+1)
	if i < reg.turn {
		reg.turn--
	}
}

// pick chooses the callee to ask and reserves one of its pending calls, which release returns. Callees that were
// asked before are skipped, as if they were not registered (WAMP, "Call Rerouting").
func (reg *registration) pick(c *call) (*callee, *CallError) {
	if reg.policy == InvokeRoundRobin {
		reg.mu.Lock()
		defer reg.mu.Unlock()
	} else {
		reg.mu.RLock()
		defer reg.mu.RUnlock()
	}
	n := len(reg.callees)
	switch {
	case n == 0 && len(c.refused) == 0:
		return nil, noSuchProcedureAnyMore(c.procedure)
	case n == 0:
		return nil, noAvailableCallee(c.procedure)
	}
	var incapable *CallError
	for i, start := 0, reg.startLocked(); i < n; i++ {
		at := (start + i) % n
		if reg.policy == InvokeLast {
			at = n - 1 - i
		}
		candidate := reg.callees[at]
		if slices.Contains(c.refused, candidate.session) {
			continue
		}
		if err := c.unfit(candidate); err != nil {
			incapable = err
			continue
		}
		if candidate.reserve() {
			if reg.policy == InvokeRoundRobin {
				reg.turn = at + 1
			}
			return candidate, nil
		}
	}
	if incapable != nil {
		return nil, incapable
	}
	return nil, noAvailableCallee(c.procedure)
}

// startLocked returns the index at which the search for a callee begins. Caller must hold mu.
func (reg *registration) startLocked() int {
	switch reg.policy {
	case InvokeRoundRobin:
		return reg.turn
	case InvokeRandom:
		return rand.IntN(len(reg.callees))
	default:
		return 0
	}
}

func (c *callee) reserve() bool {
	if c.concurrency == 0 {
		return true
	}
	if c.running.Add(1) <= int64(c.concurrency) {
		return true
	}
	c.running.Add(-1)
	return false
}

func (c *callee) release() {
	if c.concurrency != 0 {
		c.running.Add(-1)
	}
}

func (reg *registration) allCallees() []*callee {
	reg.mu.RLock()
	defer reg.mu.RUnlock()
	return slices.Clone(reg.callees)
}
