package router

import (
	"context"
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// subscribe handles SUBSCRIBE.
func (s *Session) subscribe(ctx context.Context, m *wamp.Subscribe) error {
	request := Request{Session: s, Action: Subscribe, URI: m.Topic, Match: m.Options.Match()}
	asked := s.basis()
	if _, err := s.authorize(ctx, request); err != nil {
		s.reply(m, err)
		return nil
	}
	s.reply(m, s.realm.broker.subscribe(ctx, s, m))
	s.recheckSince(ctx, asked)
	return nil
}

// subscribe makes the session a subscriber and queues the answer. A repeated request is answered
// with the subscription that the session holds already.
func (b *broker) subscribe(ctx context.Context, s *Session, m *wamp.Subscribe) error {
	sub := b.openLocked(Subscription{Topic: m.Topic, Match: m.Options.Match()})
	defer b.unlockAndPrune(sub)
	return s.attach(ctx, sub, m)
}

// openLocked gives the subscription of that topic and match, with its lock held. The broker's lock is
// not held while waiting for it: a subscription that is busy delivering must not stop the others.
func (b *broker) openLocked(wanted Subscription) *subscription {
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
	sub := b.subscriptions.Get(wanted.Topic, wanted.Match)
	if sub == nil {
		wanted.ID = b.last.Next()
		sub = &subscription{info: wanted}
		b.subscriptions.Put(wanted.Topic, wanted.Match, sub)
		b.changes.listening(sub.info, 1)
	}
	return sub
}

// attach adds sub, whose lock is held, to what the session holds, and queues SUBSCRIBED in the same
// step: an event cannot come before it, and what was retained comes before what is new.
func (s *Session) attach(ctx context.Context, sub *subscription, m *wamp.Subscribe) error {
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
		defer s.queueLocked(observerCall{kind: ChangeSubscribed, subscription: sub.info})
		defer s.realm.changes.subscribed(s, sub)
	}
	c.sendLocked(&wamp.Subscribed{Request: m.Request, Subscription: sub.info.ID})
	if retained, _ := m.Options.Bool("get_retained"); retained {
		s.sendRetainedLocked(ctx, sub.info)
	}
	return nil
}
