package router

import (
	"maps"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/outbox"
)

// leave takes the session out of the realm: its subscriptions, registrations and calls end. Only the first call
// has an effect. Caller must not hold a lock.
func (s *Session) leave(reason outbox.CloseReason) {
	c := s.client
	c.mu.Lock()
	if s.left {
		c.mu.Unlock()
		return
	}
	s.left, s.reason = true, reason
	if reason == outbox.CloseShutdown { // no session stays to receive the events
		s.silent.Store(true)
	}
	memberships, registrations := s.memberships, s.registrations
	pending, invocations := s.calls, s.invocations
	s.memberships, s.registrations, s.calls, s.invocations = nil, nil, nil, nil
	c.mu.Unlock()

	s.realm.remove(s)
	if !s.Identity().Expires.IsZero() {
		s.realm.expiries.Set(s, time.Time{})
	}
	for _, m := range memberships {
		s.realm.broker.removeMember(m)
	}
	for _, held := range registrations {
		s.realm.dealer.removeCallee(held)
	}
	for _, call := range pending {
		call.abandon()
	}
	for _, id := range slices.Sorted(maps.Keys(invocations)) { // in the order of the invocations
		invocations[id].call.finish(calls.Answer{Err: calls.Canceled("the callee has left")})
	}
	s.queueLeft(memberships)
	s.drainObserverCalls()
}
