package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// unsubscribe ends a subscription of the session and queues the answer as the last that the session
// hears of it.
func (b *broker) unsubscribe(s *Session, request, id wamp.ID) error {
	m := s.membership(id)
	if m == nil {
		return noSuchSubscription(id)
	}
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlockAndPrune(sub)
	if !sub.removeLocked(m) { // taken away meanwhile, or the session is leaving
		return noSuchSubscription(id)
	}
	s.detach(m, &wamp.Unsubscribed{Request: request})
	b.changes.unsubscribed(s, sub)
	return nil
}

func noSuchSubscription(id wamp.ID) error {
	return wamp.Fail(wamp.ErrNoSuchSubscription, "this session holds no subscription %d", id)
}

func (s *Session) membership(id wamp.ID) *membership {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for _, m := range s.memberships {
		if m.subscription.info.ID == id {
			return m
		}
	}
	return nil
}

// membershipOf returns the session's membership of a subscription, or nil.
func (s *Session) membershipOf(sub *subscription) *membership {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for _, m := range s.memberships {
		if m.subscription == sub {
			return m
		}
	}
	return nil
}

// detach takes a membership from what the session holds, which is told last, if there is anything to
// tell it.
func (s *Session) detach(m *membership, last wamp.Message) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(s.memberships, m)
	if i < 0 { // it is leaving, which tells the observers
		return
	}
	s.memberships = slices.Delete(s.memberships, i, i+1)
	if last != nil {
		c.sendLocked(last)
	}
	s.queueLocked(observerCall{kind: ChangeUnsubscribed, subscription: m.subscription.info})
}

// removeMember removes a member that has left.
func (b *broker) removeMember(m *membership) {
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlockAndPrune(sub)
	if sub.removeLocked(m) {
		b.changes.unsubscribed(m.session, sub)
	}
}

// RevokeSubscription takes a subscription away from a session. A session that announced that it knows
// what that means is told (WAMP, "Subscription Revocation"); any other just gets no more events, as it
// would take the message for a violation. It reports whether there was anything to take.
func (r *Realm) RevokeSubscription(s *Session, subscription wamp.ID, reason wamp.URI) bool {
	m := s.membership(subscription)
	if m == nil {
		return false
	}
	removed := r.broker.revoke(m, reason)
	s.drainObserverCalls()
	return removed
}

func (b *broker) revoke(m *membership, reason wamp.URI) bool {
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlockAndPrune(sub)
	if !sub.removeLocked(m) {
		return false
	}
	m.session.detach(m, m.revocation(reason))
	b.changes.unsubscribed(m.session, sub)
	return true
}

// revocation is for version 1, too: its conversation has to forget the topic, and says nothing.
func (m *membership) revocation(reason wamp.URI) wamp.Message {
	if !m.session.features.has(subscriberRevocation) && m.session.Encoding() != wamp.V1JSON {
		return nil
	}
	details := wamp.Dict{"subscription": int64(m.subscription.info.ID)}
	if reason != "" {
		details["reason"] = string(reason)
	}
	return &wamp.Unsubscribed{Details: details}
}
