package calls

import (
	"sync"
	"time"
)

// Claim is the right to give a call its one answer. The result, the error, the cancellation, the timeout, and the
// leaving of the callee or the caller may race: the goroutine that takes the claim first gives the answer. A is what
// works on the call. Safe for concurrent use.
type Claim[A any] struct {
	mu       sync.Mutex // guards what follows; no lock is taken under it
	taken    bool
	killed   bool // the callee was interrupted and still has to answer; no other is asked
	started  bool // a progressive result was sent
	assigned A
	timer    *time.Timer // ends the call; nil: the call has no timeout
}

// Take reserves the right to answer the call and stops the timer. It returns what works on the call, and false if
// another goroutine has the right.
func (c *Claim[A]) Take() (assigned A, won bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken {
		return assigned, false
	}
	c.taken = true
	if c.timer != nil {
		c.timer.Stop()
	}
	return c.assigned, true
}

// Assign records what works on the call. start, unless it is nil, starts the timer that ends the call, unless one runs.
// Assign returns false if the call is answered or killed: then no callee may be asked.
func (c *Claim[A]) Assign(a A, start func() *time.Timer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken || c.killed {
		return false
	}
	c.assigned = a
	if start != nil && c.timer == nil {
		c.timer = start()
	}
	return true
}

// Kill marks the call as killed, if what works on it can be interrupted. start starts the timer that replaces the
// timeout. Kill returns what works on the call, and false if the call is not killed by it.
func (c *Claim[A]) Kill(interruptible func(A) bool, start func() *time.Timer) (assigned A, killed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken || c.killed || !interruptible(c.assigned) {
		return c.assigned, false
	}
	c.killed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = start()
	return c.assigned, true
}

// Progress records that a progressive result is sent, and restarts the timeout. It returns false if the call is
// answered.
func (c *Claim[A]) Progress(timeout time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken {
		return false
	}
	c.started = true
	if c.timer != nil && !c.killed {
		c.timer.Reset(timeout)
	}
	return true
}

// Assigned returns what works on the call.
func (c *Claim[A]) Assigned() A {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.assigned
}

// Killed reports whether Kill has marked the call.
func (c *Claim[A]) Killed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.killed
}

// Started reports whether a progressive result was sent.
func (c *Claim[A]) Started() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started
}
