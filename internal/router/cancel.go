package router

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// cancel handles CANCEL. A call that was answered meanwhile is ignored.
func (s *Session) cancel(m *wamp.Cancel) error {
	mode, err := calls.ParseMode(m.Options)
	if err != nil {
		return err
	}
	switch c := s.pending(m.Request); {
	case c == nil:
	case mode == calls.Kill:
		c.kill()
	default:
		c.end(calls.Answer{Err: calls.Canceled("the caller canceled the call")}, mode)
	}
	return nil
}

// pending returns the call of that request id, or nil.
func (s *Session) pending(request wamp.ID) *call {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.calls[request]
}

// kill interrupts the callee, whose answer is then awaited for [meter.Limits].Kill.
func (c *call) kill() {
	asked, killed := c.claim.Kill(assignment.interruptible, func() *time.Timer {
		return c.after(c.realm.router.limits().Kill, c.giveUp)
	})
	switch {
	case killed:
		asked.interrupt(c, calls.Kill)
	case !asked.interruptible():
		c.end(calls.Answer{Err: calls.Canceled("the caller canceled the call")}, calls.Skip)
	}
}

// interruptible reports whether what works on the call takes an INTERRUPT.
func (a assignment) interruptible() bool {
	return a.callee == nil || a.callee.session.features.Has(peer.CalleeInterrupt)
}

// after runs a step after d, unless the timer is stopped. The step runs in a goroutine of its own, so after
// recovers from its panics.
func (c *call) after(d time.Duration, step func()) *time.Timer {
	return time.AfterFunc(d, func() {
		defer func() {
			if fault := recover(); fault != nil {
				c.realm.router.options.Logger.Error("ending a call panicked",
					"procedure", string(c.procedure), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			}
		}()
		step()
	})
}

// expire ends a call that took too long (WAMP, "Call Timeout").
func (c *call) expire() {
	c.end(calls.Answer{Err: calls.Errorf(wamp.ErrTimeout, "the callee did not answer in time")}, calls.KillNoWait)
}

// giveUp ends a killed call whose callee did not answer in time.
func (c *call) giveUp() {
	c.end(calls.Answer{Err: calls.Canceled("the caller canceled the call, and the callee did not answer")}, calls.Skip)
}

// interrupt tells the callee or procedure to stop working on the call. A callee that did not announce
// call_canceling is not told.
func (a assignment) interrupt(c *call, mode calls.Mode) {
	if a.cancel != nil && mode != calls.Skip {
		a.cancel()
	}
	if a.callee != nil {
		a.callee.session.interrupt(c, a.invocation, mode)
	}
}

func (s *Session) interrupt(c *call, id wamp.ID, mode calls.Mode) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	held := s.invocations[id]
	if held.call != c { // the callee has answered or left, or the INVOCATION had no room
		return
	}
	if mode != calls.Kill {
		delete(s.invocations, id)
		held.callee.release()
	}
	if mode != calls.Skip && s.features.Has(peer.CalleeInterrupt) {
		s.client.sender.Interrupt(&wamp.Interrupt{Request: id, Options: wamp.Dict{"mode": string(mode)}})
	}
}
