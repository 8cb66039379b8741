package calls

import (
	"iter"
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// Callees are the callees of one registration, the oldest first. A lock of the caller guards them.
type Callees[C comparable] struct {
	all  []C
	turn int // for InvokeRoundRobin: the index of the next callee
}

// Len returns the number of callees.
func (s *Callees[C]) Len() int { return len(s.all) }

// All iterates over the callees.
func (s *Callees[C]) All() iter.Seq[C] { return slices.Values(s.all) }

// Add adds the newest callee.
func (s *Callees[C]) Add(added C) { s.all = append(s.all, added) }

// Remove removes a callee, if it is there. The turn stays at the same callee.
func (s *Callees[C]) Remove(gone C) {
	i := slices.Index(s.all, gone)
	if i < 0 {
		return
	}
	s.all = slices.Delete(s.all, i, i+1)
	if i < s.turn {
		s.turn--
	}
}

// Pick returns the first callee that takes the call, in the order of the policy. Caller must hold the lock for writing
// if the policy is InvokeRoundRobin.
func (s *Callees[C]) Pick(policy Policy, takes func(C) bool) (chosen C, ok bool) {
	n := len(s.all)
	for i, start := 0, s.start(policy); i < n; i++ {
		at := (start + i) % n
		if policy == InvokeLast {
			at = n - 1 - i
		}
		if !takes(s.all[at]) {
			continue
		}
		if policy == InvokeRoundRobin {
			s.turn = at + 1
		}
		return s.all[at], true
	}
	return chosen, false
}

// start returns the index at which the search begins.
func (s *Callees[C]) start(policy Policy) int {
	switch {
	case policy == InvokeRoundRobin:
		return s.turn
	case policy == InvokeRandom && len(s.all) > 0:
		return rand.IntN(len(s.all))
	}
	return 0
}

// Slots counts the pending calls of a callee that limits them. Safe for concurrent use.
type Slots struct{ taken atomic.Int64 }

// Reserve takes one of most slots, and reports whether one was free. 0 is no limit.
func (s *Slots) Reserve(most int) bool {
	if most == 0 {
		return true
	}
	if s.taken.Add(1) <= int64(most) {
		return true
	}
	s.taken.Add(-1)
	return false
}

// Release returns a slot that Reserve has taken.
func (s *Slots) Release(most int) {
	if most != 0 {
		s.taken.Add(-1)
	}
}
