package router

import (
	"cmp"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// SubscriptionInfo is one topic or pattern that sessions subscribe to.
type SubscriptionInfo struct {
	wamp.Subscription
	Created     time.Time // when the first of the sessions subscribed
	Subscribers int       // sessions
}

// Subscriptions lists what sessions subscribe to, sorted by topic.
func (r *Realm) Subscriptions() []SubscriptionInfo {
	infos := shownSubscriptions(r.broker.subscriptions.All())
	slices.SortFunc(infos, func(a, b SubscriptionInfo) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Match, b.Match))
	})
	return infos
}

// Subscription returns the subscription of exactly this topic and match, if sessions hold it.
func (r *Realm) Subscription(topic wamp.URI, match wamp.Match) (info SubscriptionInfo, held bool) {
	sub := r.broker.get(wamp.Subscription{Topic: topic, Match: match})
	if sub == nil {
		return SubscriptionInfo{}, false
	}
	info = sub.details()
	return info, info.Subscribers > 0
}

// SubscriptionByID returns the subscription with this id, if sessions hold it.
func (r *Realm) SubscriptionByID(id wamp.ID) (info SubscriptionInfo, held bool) {
	sub := r.broker.subscriptions.ByID(id)
	if sub == nil {
		return SubscriptionInfo{}, false
	}
	info = sub.details()
	return info, info.Subscribers > 0
}

// SubscriptionsFor lists the subscriptions of sessions that a publication to topic goes to.
func (r *Realm) SubscriptionsFor(topic wamp.URI) []SubscriptionInfo {
	return shownSubscriptions(r.broker.subscriptions.Match(nil, topic))
}

// SubscribersOf lists the sessions that hold the subscription with this id, in no order.
func (r *Realm) SubscribersOf(id wamp.ID) []*Session {
	sub := r.broker.subscriptions.ByID(id)
	if sub == nil {
		return nil
	}
	sub.mu.RLock()
	defer sub.mu.RUnlock()
	all := make([]*Session, 0, sub.holdersLocked())
	for i := range sub.members {
		all = append(all, sub.members[i].membership.session)
	}
	return all
}

// Subscribers counts the sessions of this node that a publication to topic would reach: once for each of their
// subscriptions that match. Whether there is any use in publishing, MayReach tells.
func (r *Realm) Subscribers(topic wamp.URI) int {
	n := 0
	for _, sub := range r.broker.subscriptions.Match(nil, topic) {
		n += sub.subscribers()
	}
	return n
}

// MayReach reports whether a publication to topic may reach a subscriber: a session or component of this node, or by
// Options.Interest one of another node. A component that publishes asks it before it encodes.
func (r *Realm) MayReach(topic wamp.URI) bool {
	if len(r.broker.subscriptions.Match(nil, topic)) > 0 {
		return true
	}
	elsewhere := r.router.options.Interest
	return elsewhere != nil && elsewhere(topic)
}

// shownSubscriptions leaves out what only components of the server subscribe to.
func shownSubscriptions(all []*subscription) []SubscriptionInfo {
	infos := make([]SubscriptionInfo, 0, len(all))
	for _, sub := range all {
		if info := sub.details(); info.Subscribers > 0 {
			infos = append(infos, info)
		}
	}
	return infos
}

func (s *subscription) details() SubscriptionInfo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.detailsLocked()
}

// detailsLocked returns what others may know of the subscription. Caller must hold s.mu.
func (s *subscription) detailsLocked() SubscriptionInfo {
	return SubscriptionInfo{Subscription: s.info, Created: s.created, Subscribers: s.holdersLocked()}
}
