package router

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// broker knows which subscriptions exist in a realm and which of them a topic matches.
type broker struct {
	meta *meta

	mu       sync.RWMutex // guards what follows
	last     wamp.Sequence
	exact    map[wamp.URI]*subscription
	prefix   prefixTree[subscription]
	wildcard wildcardTree[subscription]
}

func (b *broker) init(m *meta) { b.meta, b.exact = m, make(map[wamp.URI]*subscription) }

// match appends the subscriptions that a publication to topic goes to.
func (b *broker) match(found []*subscription, topic wamp.URI) []*subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if sub := b.exact[topic]; sub != nil {
		found = append(found, sub)
	}
	found = b.prefix.match(found, string(topic))
	return b.wildcard.match(found, string(topic))
}

// subscribe makes the session a subscriber and queues the answer. A repeated request is answered
// with the subscription that the session holds already.
func (b *broker) subscribe(s *Session, m *wamp.Subscribe) error {
	sub := b.openLocking(Subscription{Topic: m.Topic, Match: m.Options.Match()})
	defer b.unlock(sub)
	return s.hold(sub, m)
}

// unlock gives back the lock of a subscription that was changed, and forgets the subscription if
// nobody holds it (any more).
func (b *broker) unlock(sub *subscription) {
	unused := sub.unusedLocked()
	sub.mu.Unlock()
	if unused {
		b.prune(sub)
	}
}

// openLocking gives the subscription of that topic and match, with its lock held. The broker's lock is
// not held while waiting for it: a subscription that is busy delivering must not stop the others.
func (b *broker) openLocking(wanted Subscription) *subscription {
	for {
		sub := b.open(wanted)
		sub.mu.Lock()
		if !sub.pruned {
			return sub
		}
		sub.mu.Unlock()
	}
}

func (b *broker) open(wanted Subscription) *subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	sub := b.getLocked(wanted)
	if sub == nil {
		wanted.ID = b.last.Next()
		sub = &subscription{info: wanted}
		b.putLocked(sub)
		b.meta.listening(sub.info, 1)
	}
	return sub
}

// hold adds sub, whose lock is held, to what the session holds, and queues SUBSCRIBED in the same
// step: an event cannot come before it, and what was retained comes before what is new.
func (s *Session) hold(sub *subscription, m *wamp.Subscribe) error {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	held := slices.ContainsFunc(s.memberships, func(held *membership) bool { return held.subscription == sub })
	switch {
	case s.left:
		return nil
	case !held && len(s.memberships) >= c.router.options.Limits.Subscriptions:
		return wamp.Fail(wamp.ErrLimitExceeded, "a session holds at most %d subscriptions", c.router.options.Limits.Subscriptions)
	case !held:
		added := &membership{session: s, subscription: sub}
		s.memberships = append(s.memberships, added)
		sub.addLocked(added)
		defer s.noteLocked(notice{kind: noticeSubscribed, subscription: sub.info})
		defer s.realm.meta.subscribed(s, sub)
	}
	c.sendLocked(&wamp.Subscribed{Request: m.Request, Subscription: sub.info.ID})
	if retained, _ := m.Options.Bool("get_retained"); retained {
		s.sendRetainedLocked(sub.info)
	}
	return nil
}

// unsubscribe ends a subscription of the session and queues the answer as the last that the session
// hears of it.
func (b *broker) unsubscribe(s *Session, request, id wamp.ID) error {
	m := s.membership(id)
	if m == nil {
		return noSuchSubscription(id)
	}
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlock(sub)
	if !sub.removeLocked(m) { // taken away meanwhile, or the session is leaving
		return noSuchSubscription(id)
	}
	s.release(m, &wamp.Unsubscribed{Request: request})
	b.meta.unsubscribed(s, sub)
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

// release takes a membership from what the session holds, which is told last, if there is anything to
// tell it.
func (s *Session) release(m *membership, last wamp.Message) {
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
	s.noteLocked(notice{kind: noticeUnsubscribed, subscription: m.subscription.info})
}

// drop removes a member that has left.
func (b *broker) drop(m *membership) {
	sub := m.subscription
	sub.mu.Lock()
	defer b.unlock(sub)
	if sub.removeLocked(m) {
		b.meta.unsubscribed(m.session, sub)
	}
}

// prune forgets a subscription, unless somebody has come meanwhile.
func (b *broker) prune(sub *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if !sub.unusedLocked() || sub.pruned {
		return
	}
	sub.pruned = true
	b.meta.listening(sub.info, -1)
	switch sub.info.Match {
	case wamp.MatchPrefix:
		b.prefix.remove(string(sub.info.Topic))
	case wamp.MatchWildcard:
		b.wildcard.remove(string(sub.info.Topic))
	default:
		delete(b.exact, sub.info.Topic)
	}
}

func (b *broker) getLocked(wanted Subscription) *subscription {
	switch wanted.Match {
	case wamp.MatchPrefix:
		return b.prefix.get(string(wanted.Topic))
	case wamp.MatchWildcard:
		return b.wildcard.get(string(wanted.Topic))
	default:
		return b.exact[wanted.Topic]
	}
}

func (b *broker) putLocked(sub *subscription) {
	switch sub.info.Match {
	case wamp.MatchPrefix:
		b.prefix.put(string(sub.info.Topic), sub)
	case wamp.MatchWildcard:
		b.wildcard.put(string(sub.info.Topic), sub)
	default:
		b.exact[sub.info.Topic] = sub
	}
}

func (b *broker) count() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.exact) + b.prefix.size + b.wildcard.size
}

func (b *broker) get(wanted Subscription) *subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.getLocked(wanted)
}

func (b *broker) all() []*subscription {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]*subscription, 0, len(b.exact))
	for _, sub := range b.exact {
		all = append(all, sub)
	}
	all = b.prefix.all(all)
	return b.wildcard.all(all)
}

func (b *broker) list() []SubscriptionInfo {
	all := b.all()
	infos := make([]SubscriptionInfo, 0, len(all))
	for _, sub := range all {
		if n := sub.subscribers(); n > 0 {
			infos = append(infos, SubscriptionInfo{Subscription: sub.info, Subscribers: n})
		}
	}
	slices.SortFunc(infos, func(a, b SubscriptionInfo) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Match, b.Match))
	})
	return infos
}

// Subscribe calls deliver for every publication that matches, in the publisher's goroutine, without
// a lock, whatever the publication's lists of receivers say. It must not block. After cancel a call
// that has begun may still be running.
func (r *Realm) Subscribe(topic wamp.URI, match wamp.Match, deliver func(Delivery)) (cancel func(), err error) {
	if err := topic.Check(r.router.options.URIs, match); err != nil {
		return nil, err
	}
	added := &localSubscriber{deliver: deliver}
	sub := r.broker.openLocking(Subscription{Topic: topic, Match: match})
	sub.locals = append(slices.Clone(sub.locals), added)
	sub.mu.Unlock()
	return func() { r.broker.cancelLocal(sub, added) }, nil
}

func (b *broker) cancelLocal(sub *subscription, local *localSubscriber) {
	sub.mu.Lock()
	sub.locals = slices.DeleteFunc(slices.Clone(sub.locals), func(l *localSubscriber) bool { return l == local })
	b.unlock(sub)
}
