package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Observer is told what sessions do. The calls for one session come one at a time and in order, without a lock of the
// router, in the goroutine of the message that caused them or in one that is making such calls already. They must not
// block for long.
type Observer interface {
	Joined(*Session)
	Left(*Session) // after an Unsubscribed for each subscription that the session held
	Subscribed(*Session, wamp.Subscription)
	Unsubscribed(*Session, wamp.Subscription)
}

// RevocationObserver is an [Observer] that is told of revocations, without a lock of the router.
type RevocationObserver interface {
	Observer
	Revoked(*Session, peer.Revocation)
}

// tellRevoked tells the observers of a revocation. Must not hold a lock.
func (s *Session) tellRevoked(v peer.Revocation) {
	for _, o := range *s.realm.observers.Load() {
		if o.revocations != nil {
			o.revocations.Revoked(s, v)
		}
	}
}

// NoObserver does nothing: embed it and write the methods that matter.
type NoObserver struct{}

// Joined does nothing.
func (NoObserver) Joined(*Session) {}

// Left does nothing.
func (NoObserver) Left(*Session) {}

// Subscribed does nothing.
func (NoObserver) Subscribed(*Session, wamp.Subscription) {}

// Unsubscribed does nothing.
func (NoObserver) Unsubscribed(*Session, wamp.Subscription) {}

// observation is one observer, as Observe added it.
type observation struct {
	Observer
	changes     ChangeObserver     // the same observer, if it is one
	revocations RevocationObserver // the same observer, if it is one
}

// Observe calls the observer from now on, until cancel. Observers are called in the order in which they were added. If
// the observer is a [ChangeObserver] or a [RevocationObserver], it is told of the realm's changes or of revocations,
// too.
func (r *Realm) Observe(observer Observer) (cancel func()) {
	added := &observation{Observer: observer}
	added.changes, _ = observer.(ChangeObserver)
	added.revocations, _ = observer.(RevocationObserver)
	r.replaceObservers(func(all []*observation) []*observation { return append(all, added) })
	return func() {
		r.replaceObservers(func(all []*observation) []*observation {
			return slices.DeleteFunc(all, func(o *observation) bool { return o == added })
		})
	}
}

func (r *Realm) replaceObservers(change func([]*observation) []*observation) {
	r.observing.Lock()
	defer r.observing.Unlock()
	changed := change(slices.Clone(*r.observers.Load()))
	r.observers.Store(&changed)
}

// observerCall is one call of each Observer that is due.
type observerCall struct {
	kind         ChangeKind
	subscription wamp.Subscription
}

// queueLocked queues a call of the observers at the moment of the change, so that the calls keep the order of the
// changes. Caller must hold client.mu.
func (s *Session) queueLocked(call observerCall) {
	if len(*s.realm.observers.Load()) > 0 {
		s.observerCalls.Push(call)
	}
}

func (s *Session) queueLeft(memberships []*membership) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for _, m := range memberships {
		s.queueLocked(observerCall{kind: ChangeUnsubscribed, subscription: m.subscription.info})
	}
	s.queueLocked(observerCall{kind: ChangeLeft})
}

// drainObserverCalls calls the observers, then hands out the realm's changes. If another goroutine is calling the
// observers for this session, that goroutine makes these calls, too. Must not hold a lock.
func (s *Session) drainObserverCalls() {
	defer s.realm.drainChanges() // also after a panic of an observer
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	s.observerCalls.Drain(&c.mu, s.callObservers)
}

func (s *Session) callObservers(call observerCall) {
	if call.kind == ChangeLeft { // queued last: what an observer publishes for the session comes before
		defer s.realm.changes.ofSession(ChangeLeft, s)
	}
	for _, o := range *s.realm.observers.Load() {
		switch call.kind {
		case ChangeJoined:
			o.Joined(s)
		case ChangeSubscribed:
			o.Subscribed(s, call.subscription)
		case ChangeUnsubscribed:
			o.Unsubscribed(s, call.subscription)
		case ChangeLeft:
			o.Left(s)
		case ChangeRegistered, ChangeUnregistered: // only change observers are told
		}
	}
}

var _ Observer = NoObserver{}
