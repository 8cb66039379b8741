package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// unsubscribe takes a subscription from the session and queues UNSUBSCRIBED. No event of the subscription follows.
func (b *broker) unsubscribe(s *Session, request, id wamp.ID) error {
	m := s.membership(id)
	if m == nil {
		return noSuchSubscription(id)
	}
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlockAndPrune(sub)
	if !sub.removeLocked(m) { // revoked meanwhile, or the session is leaving
		return noSuchSubscription(id)
	}
	s.detach(m, &wamp.Unsubscribed{Request: request})
	b.changes.ofSubscription(ChangeUnsubscribed, s, sub)
	return nil
}

func noSuchSubscription(id wamp.ID) error {
	return wamp.Fail(wamp.ErrNoSuchSubscription, "this session holds no subscription %d", id)
}

// Holds reports whether the session holds the subscription with this id.
func (s *Session) Holds(subscription wamp.ID) bool { return s.membership(subscription) != nil }

// membership returns the session's membership with this subscription id, or nil.
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

// detach takes a membership from what the session holds, and queues last for it unless last is nil.
func (s *Session) detach(m *membership, last wamp.Message) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(s.memberships, m)
	if i < 0 { // the session is leaving, and tells the observers itself
		return
	}
	s.memberships = slices.Delete(s.memberships, i, i+1)
	c.sender.Outbox.Forget(m.subscription.info.ID)
	if last != nil {
		c.sender.Send(last)
	}
	s.queueLocked(observerCall{kind: ChangeUnsubscribed, subscription: m.subscription.info})
}

// removeMember takes a subscription from a session that has left.
func (b *broker) removeMember(m *membership) {
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlockAndPrune(sub)
	if sub.removeLocked(m) {
		b.changes.ofSubscription(ChangeUnsubscribed, m.session, sub)
	}
}

// RevokeSubscription takes a subscription away from a session, and reports whether the session held it. A session that
// announced subscription_revocation is told (WAMP, "Subscription Revocation"). Any other would take the message for a
// violation, and only gets no more events; see [RevocationObserver].
func (r *Realm) RevokeSubscription(s *Session, subscription wamp.ID, reason wamp.URI) bool {
	return r.revokeSubscription(s, subscription, wamp.Failure{URI: reason})
}

func (r *Realm) revokeSubscription(s *Session, subscription wamp.ID, why wamp.Failure) bool {
	m := s.membership(subscription)
	if m == nil {
		return false
	}
	info := m.subscription.info
	v := peer.Revocation{Action: peer.Subscribe, URI: info.Topic, Match: info.Match, Reason: why.URI, Text: why.Message}
	removed := r.broker.revoke(m, &v)
	s.drainObserverCalls()
	if removed {
		s.tellRevoked(v)
	}
	return removed
}

func (b *broker) revoke(m *membership, v *peer.Revocation) bool {
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlockAndPrune(sub)
	if !sub.removeLocked(m) {
		return false
	}
	m.session.detach(m, m.revocation(v))
	b.changes.ofSubscription(ChangeUnsubscribed, m.session, sub)
	return true
}

// revocation returns the message that tells a session of the revocation, or nil. Version 1 gets one: its conversation
// removes the topic and sends nothing.
func (m *membership) revocation(v *peer.Revocation) wamp.Message {
	if !m.session.features.Has(peer.SubscriberRevocation) && m.session.Encoding() != wamp.V1JSON {
		return nil
	}
	return &wamp.Unsubscribed{Details: v.Details("subscription", m.subscription.info.ID)}
}
