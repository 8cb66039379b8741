package router

import "github.com/tidings-io/tidings/internal/wamp"

// RevokeSubscription takes a subscription away from a session. A session that announced that it knows
// what that means is told (WAMP, "Subscription Revocation"); any other just gets no more events, as it
// would take the message for a violation. It reports whether there was anything to take.
func (r *Realm) RevokeSubscription(s *Session, subscription wamp.ID, reason wamp.URI) bool {
	m := s.membership(subscription)
	if m == nil {
		return false
	}
	removed := r.broker.revoke(m, reason)
	s.notify()
	return removed
}

func (b *broker) revoke(m *membership, reason wamp.URI) bool {
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlock(sub)
	if !sub.removeLocked(m) {
		return false
	}
	m.session.release(m, m.revocation(reason))
	b.meta.unsubscribed(m.session, sub)
	return true
}

// revocation is for version 1, too: its conversation has to forget the topic, and says nothing.
func (m *membership) revocation(reason wamp.URI) wamp.Message {
	if !m.session.features.has(subscriberIsRevoked) && m.session.Encoding() != wamp.V1JSON {
		return nil
	}
	details := wamp.Dict{"subscription": int64(m.subscription.info.ID)}
	if reason != "" {
		details["reason"] = string(reason)
	}
	return &wamp.Unsubscribed{Details: details}
}
