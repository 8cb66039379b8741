package router

import "slices"

// Observer hears what sessions do. The calls for one session come one at a time and in order, never
// under a lock of the router, in the goroutine of whoever caused them; they must not block for long.
type Observer interface {
	Joined(*Session)
	Left(*Session) // after an Unsubscribed for each subscription that it held
	Subscribed(*Session, Subscription)
	Unsubscribed(*Session, Subscription)
}

// NoObserver does nothing: embed it and write the methods that matter.
type NoObserver struct{}

// Joined does nothing.
func (NoObserver) Joined(*Session) {}

// Left does nothing.
func (NoObserver) Left(*Session) {}

// Subscribed does nothing.
func (NoObserver) Subscribed(*Session, Subscription) {}

// Unsubscribed does nothing.
func (NoObserver) Unsubscribed(*Session, Subscription) {}

type observation struct{ Observer }

// Observe calls the observer from now on, until cancel. It does not tell what happened before.
func (r *Realm) Observe(observer Observer) (cancel func()) {
	added := &observation{observer}
	r.changeObservers(func(all []*observation) []*observation { return append(all, added) })
	return func() {
		r.changeObservers(func(all []*observation) []*observation {
			return slices.DeleteFunc(all, func(o *observation) bool { return o == added })
		})
	}
}

func (r *Realm) changeObservers(change func([]*observation) []*observation) {
	r.observing.Lock()
	defer r.observing.Unlock()
	changed := change(slices.Clone(*r.observers.Load()))
	r.observers.Store(&changed)
}

// observerCall is one call of an Observer that is due.
type observerCall struct {
	kind         observerCallKind
	subscription Subscription
}

type observerCallKind uint8

const (
	observeJoined observerCallKind = iota
	observeSubscribed
	observeUnsubscribed
	observeLeft
)

// queueLocked queues a notice at the moment of the change, so that notices keep the order of changes;
// notify delivers them once no lock is held.
func (s *Session) queueLocked(n observerCall) {
	if len(*s.realm.observers.Load()) > 0 {
		s.observerCalls = append(s.observerCalls, n)
	}
}

func (s *Session) queueLeft(memberships []*membership) {
	s.client.mu.Lock()
	for _, m := range memberships {
		s.queueLocked(observerCall{kind: observeUnsubscribed, subscription: m.subscription.info})
	}
	s.queueLocked(observerCall{kind: observeLeft})
	s.realm.meta.left(s)
	s.client.mu.Unlock()
	s.drainObserverCalls()
}

// drainObserverCalls delivers what is due. If another goroutine is at it, that one delivers this too: so the
// calls for one session never overlap.
func (s *Session) drainObserverCalls() {
	s.realm.publishMeta()
	c := s.client
	c.mu.Lock()
	if s.draining || len(s.observerCalls) == 0 {
		c.mu.Unlock()
		return
	}
	s.draining = true
	defer func() {
		s.draining = false
		c.mu.Unlock()
	}()
	for len(s.observerCalls) > 0 {
		due := s.observerCalls
		s.observerCalls = nil
		s.callObserversUnlocked(due)
	}
}

// callObserversUnlocked gives up the lock that it is called with for as long as observers run, and holds it
// again on return, also when one of them panics.
func (s *Session) callObserversUnlocked(due []observerCall) {
	s.client.mu.Unlock()
	defer s.client.mu.Lock()
	for _, n := range due {
		s.callObservers(n)
	}
}

func (s *Session) callObservers(n observerCall) {
	for _, o := range *s.realm.observers.Load() {
		switch n.kind {
		case observeJoined:
			o.Joined(s)
		case observeSubscribed:
			o.Subscribed(s, n.subscription)
		case observeUnsubscribed:
			o.Unsubscribed(s, n.subscription)
		case observeLeft:
			o.Left(s)
		}
	}
}

var _ Observer = NoObserver{}
