package router

import (
	"context"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// call is one call on its way to a callee and back. Result, error, cancel, timeout, the callee's
// leaving and the caller's own end may race: who claims it first gives the one answer.
type call struct {
	outgoing
	registration *registration
	began        time.Time
	realm        *Realm
	caller       *Session    // asked by CALL; nil: reply takes the answer
	request      wamp.ID     // of that CALL
	reply        chan answer // of a call from inside the server; room for the one answer

	more bool // the caller may send more of its arguments; guarded by the caller's client.mu

	refused []*callee // who was asked in vain; owned by the one goroutine that looks for another

	mu       sync.Mutex // the last in the lock order, beside Outbox.mu; guards what follows
	claimed  bool
	killed   bool // the callee was told to give up, and its answer is waited for; nobody else is asked
	started  bool // a part of the answer has gone out
	assigned assignment
	timer    *time.Timer // ends the call in time; nil: nothing does
}

// assignment is who is working on a call.
type assignment struct {
	callee     *callee            // nil: a local procedure, or nobody yet
	invocation wamp.ID            // of that callee
	cancel     context.CancelFunc // of a concurrent local procedure
}

// claim makes the caller of claim the one who answers, unless somebody else is.
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

// assign says who works on the call; false if it is answered already, or about to be, and nobody
// should. The time that it may take begins, unless the callee watches it.
func (c *call) assign(a assignment) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed || c.killed {
		return false
	}
	c.assigned = a
	if c.timeout > 0 && c.timer == nil && (a.callee == nil || !a.callee.ownTimeout) {
		c.timer = c.after(c.timeout, c.expire)
	}
	return true
}

// finish gives the answer of whoever worked on the call, if nobody has answered yet.
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

// end gives the answer although somebody still works on the call, whose own is discarded.
func (c *call) end(a answer, mode string) {
	if asked, won := c.claim(); won {
		asked.interrupt(mode)
		c.deliverAnswer(a)
	}
}

// abandon drops the call because its caller has left (WAMP, "Caller Leaving").
func (c *call) abandon() {
	if asked, won := c.claim(); won {
		asked.interrupt(cancelKillNoWait)
	}
}

func (c *call) deliverAnswer(a answer) {
	if c.caller != nil {
		c.caller.answer(c, a)
		return
	}
	if a.passthru != nil { // the server reads what it asks for
		a = answer{err: callError(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that the server does not read")}
	}
	c.reply <- a
}
