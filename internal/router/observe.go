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

// notice is one call of an Observer that is due.
type notice struct {
	kind         noticeKind
	subscription Subscription
}

type noticeKind uint8

const (
	noticeJoined noticeKind = iota
	noticeSubscribed
	noticeUnsubscribed
	noticeLeft
)

// noteLocked queues a notice at the moment of the change, so that notices keep the order of changes;
// notify delivers them once no lock is held.
func (s *Session) noteLocked(n notice) {
	if len(*s.realm.observers.Load()) > 0 {
		s.notices = append(s.notices, n)
	}
}

func (s *Session) noteLeaving(memberships []*membership) {
	s.client.mu.Lock()
	for _, m := range memberships {
		s.noteLocked(notice{kind: noticeUnsubscribed, subscription: m.subscription.info})
	}
	s.noteLocked(notice{kind: noticeLeft})
	s.realm.meta.left(s)
	s.client.mu.Unlock()
	s.notify()
}

// notify delivers what is due. If another goroutine is at it, that one delivers this too: so the
// calls for one session never overlap.
func (s *Session) notify() {
	s.realm.tellMeta()
	c := s.client
	c.mu.Lock()
	if s.notifying || len(s.notices) == 0 {
		c.mu.Unlock()
		return
	}
	s.notifying = true
	defer func() {
		s.notifying = false
		c.mu.Unlock()
	}()
	for len(s.notices) > 0 {
		due := s.notices
		s.notices = nil
		s.tellUnlocked(due)
	}
}

// tellUnlocked gives up the lock that it is called with for as long as observers run, and holds it
// again on return, also when one of them panics.
func (s *Session) tellUnlocked(due []notice) {
	s.client.mu.Unlock()
	defer s.client.mu.Lock()
	for _, n := range due {
		s.tell(n)
	}
}

func (s *Session) tell(n notice) {
	for _, o := range *s.realm.observers.Load() {
		switch n.kind {
		case noticeJoined:
			o.Joined(s)
		case noticeSubscribed:
			o.Subscribed(s, n.subscription)
		case noticeUnsubscribed:
			o.Unsubscribed(s, n.subscription)
		case noticeLeft:
			o.Left(s)
		}
	}
}

var _ Observer = NoObserver{}
