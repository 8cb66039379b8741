package router

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// SubscriberInfo is one subscription of one session.
type SubscriberInfo struct {
	Session      *Session
	Subscription wamp.Subscription
	Since        time.Time // to the minute
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
	first := lastFirst{}
	for _, sub := range r.broker.subscriptions.Match(nil, topic) {
		total += sub.collect(&first, after, limit, admits)
	}
	slices.SortFunc(first, func(a, b SubscriberInfo) int { return a.place().compare(b.place()) })
	return first, total
}

// collect adds the members behind a place to a page, and returns how many members are admitted.
func (s *subscription) collect(page *lastFirst, after SubscriberPlace, limit int, admits func(*Session) bool) (admitted int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range s.members {
		m := s.members[i].membership
		if admits != nil && !admits(m.session) {
			continue
		}
		admitted++
		if info := m.info(); info.place().compare(after) > 0 {
			page.keep(info, limit)
		}
	}
	return admitted
}

// lastFirst is a heap of the first subscribers of a list, with the last of them at its top.
type lastFirst []SubscriberInfo

func (l lastFirst) Len() int           { return len(l) }
func (l lastFirst) Less(i, j int) bool { return l[i].place().compare(l[j].place()) > 0 }
func (l lastFirst) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lastFirst) Push(v any)        { *l = append(*l, v.(SubscriberInfo)) }
func (l *lastFirst) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

// keep adds a subscriber, and takes the last one away if there are more than limit.
func (l *lastFirst) keep(info SubscriberInfo, limit int) {
	if len(*l) < limit {
		heap.Push(l, info)
		return
	}
	if limit > 0 && info.place().compare((*l)[0].place()) < 0 {
		(*l)[0] = info
		heap.Fix(l, 0)
	}
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
	minutes := time.Duration(m.minutes[0]) | time.Duration(m.minutes[1])<<8 | time.Duration(m.minutes[2])<<16
	return SubscriberInfo{
		Session: m.session, Subscription: m.subscription.info,
		Since: m.session.realm.router.started.Add(minutes * time.Minute),
	}
}

// minutesSince returns the minutes from a time until now, in 24 bits: 31 years.
func minutesSince(started time.Time) [3]byte {
	n := time.Since(started) / time.Minute
	return [3]byte{byte(n), byte(n >> 8), byte(n >> 16)}
}
