package router

import (
	"cmp"
	"time"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/wamp"
)

// SubscriberInfo is one subscription of one session.
type SubscriberInfo struct {
	Session      *Session
	Subscription wamp.Subscription
	Since        time.Time // to the minute, and never before the session joined
}

// SubscriberPlace is a place in the list of a topic's subscribers: after this session with this subscription.
type SubscriberPlace struct{ Session, Subscription wamp.ID }

func (i *SubscriberInfo) place() SubscriberPlace {
	return SubscriberPlace{i.Session.id, i.Subscription.ID}
}

func (p SubscriberPlace) compare(o SubscriberPlace) int {
	return cmp.Or(cmp.Compare(p.Session, o.Session), cmp.Compare(p.Subscription, o.Subscription))
}

// SubscribersFor returns a page of the subscriptions that a publication to topic goes to, in the order of their places:
// at most limit of them behind a place, for sessions that a filter admits (nil: all). total counts all that the filter
// admits. It takes no more memory than the page.
func (r *Realm) SubscribersFor(topic wamp.URI, after SubscriberPlace, limit int, admits func(*Session) bool) (page []SubscriberInfo, total int) {
	first := meter.NewFirst(limit, func(a, b SubscriberInfo) int { return a.place().compare(b.place()) })
	for _, sub := range r.broker.subscriptions.Match(nil, topic) {
		total += sub.collect(first, after, admits)
	}
	return first.Sorted(), total
}

// collect adds the members behind a place to a page, and returns how many members are admitted.
func (s *subscription) collect(page *meter.First[SubscriberInfo], after SubscriberPlace, admits func(*Session) bool) (admitted int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range s.members {
		m := s.members[i].membership
		if admits != nil && !admits(m.session) {
			continue
		}
		admitted++
		if info := m.info(); info.place().compare(after) > 0 {
			page.Keep(info)
		}
	}
	return admitted
}

// Subscriptions returns what the session subscribes to, the oldest first: at most limit of them. total counts all.
func (s *Session) Subscriptions(limit int) (list []SubscriberInfo, total int) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for _, m := range s.memberships[:min(limit, len(s.memberships))] {
		list = append(list, m.info())
	}
	return list, len(s.memberships)
}

func (m *membership) info() SubscriberInfo {
	since := m.minutes.After(m.session.realm.router.started)
	if since.Before(m.session.joined) { // the minute began before the session
		since = m.session.joined
	}
	return SubscriberInfo{Session: m.session, Subscription: m.subscription.info, Since: since}
}
