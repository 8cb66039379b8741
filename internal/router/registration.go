package router

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// registration is one procedure, or pattern of procedures, and who answers its calls: sessions, by
// turns where several may, or a component of the server.
type registration struct {
	id        wamp.ID
	procedure wamp.URI
	match     wamp.Match
	policy    Policy
	created   time.Time
	local     *Registration // nil: callees answer

	mu      sync.RWMutex // guards what follows; held while an INVOCATION is queued
	callees []*callee    // the oldest first
	turn    int          // of round-robin: the index of who is next
}

// callee is one session's part in a registration.
type callee struct {
	registerOptions
	registration *registration
	session      *Session

	running atomic.Int64 // calls that wait for it, if concurrency is limited
	gone    bool         // UNREGISTERED is queued, or it has left; guarded by registration.mu
}

// registerOptions are what a callee asked for when it registered.
type registerOptions struct {
	discloseCaller bool // to be told who calls
	ownTimeout     bool // to end calls in time itself
	concurrency    int  // calls that wait for it at once; 0: any number
}

// Policy is which of its callees a registration asks (WAMP, "Shared Registration").
type Policy uint8

// The policies.
const (
	InvokeSingle Policy = iota // there is one
	InvokeFirst                // the oldest
	InvokeLast                 // the newest
	InvokeRoundRobin
	InvokeRandom
)

var policyNames = [...]string{"single", "first", "last", "roundrobin", "random"}

// String gives the policy as the option invoke names it.
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

// callee finds a session's part.
func (reg *registration) calleeLocked(s *Session) *callee {
	for _, c := range reg.callees {
		if c.session == s {
			return c
		}
	}
	return nil
}

// removeLocked takes a callee out; the turn stays with whom it was.
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

// pick chooses who is asked, and counts the call as its own: release gives it back. Whoever was
// asked already is passed over, as if it were not registered (WAMP, "Call Rerouting").
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
		if slices.Contains(c.refused, candidate) {
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

// startLocked is where the search for a callee begins.
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
