package router

import (
	"context"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// call is one pending call. Its result, its error, its cancellation, its timeout, and the leaving of the callee or
// the caller may race. The goroutine that claims the call first gives the one answer.
type call struct {
	outgoing
	registration *registration
	began        time.Time
	realm        *Realm
	caller       *Session    // the session that sent CALL; nil: reply takes the answer
	request      wamp.ID     // of that CALL
	reply        chan answer // of a call from inside the server; has room for one answer

	expectsMoreArgs bool // the caller may send more of its arguments; guarded by the caller's client.mu

	refused []*Session // callees that did not take the call; owned by the goroutine that invokes

	mu       sync.Mutex // last in the lock order, with Outbox.mu; guards what follows
	claimed  bool
	killed   bool // the callee was interrupted and still has to answer; no other is asked
	started  bool // a progressive result was sent
	assigned assignment
	timer    *time.Timer // ends the call; nil: the call has no timeout
}

// assignment tells which callee or local procedure works on a call.
type assignment struct {
	callee     *callee            // nil: a local procedure, or not assigned yet
	invocation wamp.ID            // of that callee
	cancel     context.CancelFunc // of a concurrent local procedure
}

// claim reserves the right to answer the call. It returns false if another goroutine has it.
func (c *call) claim() (assignment, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed {
		return assignment{}, false
	}
	c.claimed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	return c.assigned, true
}

// assign records the callee or procedure that works on the call, and starts the timeout unless the callee enforces
// it. It returns false if the call is answered or killed: then no callee may be asked.
func (c *call) assign(a assignment) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed || c.killed {
		return false
	}
	c.assigned = a
	if c.timeout > 0 && c.timer == nil && (a.callee == nil || !a.callee.enforcesTimeout) {
		c.timer = c.after(c.timeout, c.expire)
	}
	return true
}

// finish answers the call with the result of its callee or procedure, unless it was answered before.
func (c *call) finish(a answer) {
	asked, won := c.claim()
	if !won {
		return
	}
	if asked.cancel != nil {
		asked.cancel()
	}
	c.deliverAnswer(a)
}

// end answers the call early and interrupts its callee, whose own answer is discarded.
func (c *call) end(a answer, mode string) {
	if asked, won := c.claim(); won {
		asked.interrupt(mode)
		c.deliverAnswer(a)
	}
}

// abandon ends the call without an answer: its caller has left (WAMP, "Caller Leaving").
func (c *call) abandon() {
	if asked, won := c.claim(); won {
		asked.interrupt(cancelKillNoWait)
	}
}

// deliverAnswer sends the answer to the calling session, or to the goroutine that waits for reply.
func (c *call) deliverAnswer(a answer) {
	if c.caller != nil {
		c.caller.answer(c, a)
		return
	}
	if a.passthru != nil { // the server cannot read such a payload
		a = answer{err: callError(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that the server does not read")}
	}
	c.reply <- a
}
