package router

import (
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// ChangeObserver is an [Observer] that is told of all changes of a realm in the order in which they happened. Changed
// is called by one goroutine at a time, without a lock of the router, after the Observer's calls for the same step.
//
// Only what can be heard is told: changes while no subscription can match a topic below wamp. are not, nor are those of
// a silent session.
type ChangeObserver interface {
	Observer
	Changed(Change)
}

// Change is one change of what is in a realm.
type Change struct {
	Kind         ChangeKind
	Session      *Session
	Subscription SubscriptionInfo // of ChangeSubscribed and ChangeUnsubscribed
	Registration RegistrationInfo // of ChangeRegistered and ChangeUnregistered; without its callees
	// Holders is how many sessions hold the subscription or registration after the change: 1 after the first, which
	// created it; 0 after the last, with which it ended.
	Holders int
}

// ChangeKind is the kind of a [Change].
type ChangeKind uint8

// The kinds of changes.
const (
	ChangeJoined ChangeKind = iota
	ChangeLeft
	ChangeSubscribed
	ChangeUnsubscribed
	ChangeRegistered
	ChangeUnregistered
)

// changes queues the changes for change observers. A change is queued at the moment it happens, under the lock
// of what changes, so that the queue has the order of the changes.
type changes struct {
	listeners atomic.Int64 // subscriptions that a topic below wamp. can match
	queue     queue.Mailbox[Change]
}

// drainChanges tells the change observers what is queued. If another goroutine is telling them, it tells them this,
// too. Must not hold a lock.
func (r *Realm) drainChanges() { r.changes.queue.Drain(r.callChanged) }

func (r *Realm) callChanged(change Change) {
	for _, o := range *r.observers.Load() {
		if o.changes != nil {
			o.changes.Changed(change)
		}
	}
}

// listening counts the subscriptions that make changes worth telling.
func (c *changes) listening(sub wamp.Subscription, change int64) {
	if pattern.MatchesFirst(sub.Topic, sub.Match, wamp.FirstProtocol) {
		c.listeners.Add(change)
	}
}

// heard reports whether a change by s can be heard of.
func (c *changes) heard(s *Session) bool { return c.listeners.Load() > 0 && !s.silent.Load() }

// ofSession queues that a session has joined or left.
func (c *changes) ofSession(kind ChangeKind, s *Session) {
	if c.heard(s) {
		c.queue.Put(Change{Kind: kind, Session: s})
	}
}

// ofSubscription is called after SUBSCRIBED or UNSUBSCRIBED was queued. Caller must hold sub.mu.
func (c *changes) ofSubscription(kind ChangeKind, s *Session, sub *subscription) {
	if c.heard(s) {
		c.queue.Put(Change{Kind: kind, Session: s, Subscription: sub.detailsLocked(), Holders: sub.holdersLocked()})
	}
}

// ofRegistration is called after REGISTERED or UNREGISTERED was queued. Caller must hold reg.mu.
func (c *changes) ofRegistration(kind ChangeKind, s *Session, reg *registration) {
	if c.heard(s) {
		c.queue.Put(Change{Kind: kind, Session: s, Registration: reg.details(), Holders: reg.callees.Len()})
	}
}
