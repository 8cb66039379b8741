package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// call is one pending call.
type call struct {
	outgoing
	registration *registration
	began        time.Time
	realm        *Realm
	caller       *Session          // the session that sent CALL; nil: reply takes the answer
	request      wamp.ID           // of that CALL
	reply        chan calls.Answer // of a call from inside the server; has room for one answer

	expectsMoreArgs bool // the caller may send more of its arguments; guarded by the caller's client.mu

	// Owned by the goroutine that invokes.
	refused []*Session   // callees that did not take the call
	unsent  *calls.Error // the last of them had no room for the arguments

	claim calls.Claim[assignment] // its lock is last in the lock order, with Outbox.mu
}

// assignment tells which callee or local procedure works on a call.
type assignment struct {
	callee     *callee            // nil: a local procedure, or not assigned yet
	invocation wamp.ID            // of that callee
	cancel     context.CancelFunc // of a concurrent local procedure
}

// assign records the callee or procedure that works on the call, and starts the timeout unless the callee enforces
// it. It returns false if the call is answered or killed: then no callee may be asked.
func (c *call) assign(a assignment) bool {
	var start func() *time.Timer
	if c.Timeout > 0 && (a.callee == nil || !a.callee.can().EnforcesTimeout()) {
		start = func() *time.Timer { return c.after(c.Timeout, c.expire) }
	}
	return c.claim.Assign(a, start)
}

// finish answers the call with the result of its callee or procedure, unless it was answered before.
func (c *call) finish(a calls.Answer) {
	asked, won := c.claim.Take()
	if !won {
		return
	}
	if asked.cancel != nil {
		asked.cancel()
	}
	c.deliverAnswer(a)
}

// end answers the call early and interrupts its callee, whose own answer is discarded.
func (c *call) end(a calls.Answer, mode calls.Mode) {
	if asked, won := c.claim.Take(); won {
		asked.interrupt(c, mode)
		c.deliverAnswer(a)
	}
}

// abandon ends the call without an answer: its caller has left (WAMP, "Caller Leaving").
func (c *call) abandon() {
	if asked, won := c.claim.Take(); won {
		asked.interrupt(c, calls.KillNoWait)
	}
}

// deliverAnswer sends the answer to the calling session, or to the goroutine that waits for reply.
func (c *call) deliverAnswer(a calls.Answer) {
	if c.caller != nil {
		c.caller.answer(c, a)
		return
	}
	if a.Passthru != nil { // the server cannot read such a payload
		a = calls.Answer{Err: calls.Errorf(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that the server does not read")}
	}
	c.reply <- a
}
