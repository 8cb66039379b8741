package router

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// subscribe handles SUBSCRIBE.
func (s *Session) subscribe(ctx context.Context, m *wamp.Subscribe) error {
	for {
		asked := s.basis()
		request := Request{Session: s, Action: peer.Subscribe, URI: m.Topic, Match: m.Options.Match()}
		if _, err := s.authorize(ctx, request); err != nil {
			s.replyError(m, err)
			return nil
		}
		err := s.realm.subscribe(ctx, s, m, asked)
		if errors.Is(err, errDecisionStale) {
			continue
		}
		s.replyError(m, err)
		return nil
	}
}

// subscribe makes the session a subscriber and queues SUBSCRIBED. A repeated request is answered with the subscription
// that the session holds already.
func (r *Realm) subscribe(ctx context.Context, s *Session, m *wamp.Subscribe, asked peer.Basis) error {
	if retained, _ := m.Options.Bool("get_retained"); retained && r.journal != nil {
		return r.subscribeRetained(ctx, s, m, asked)
	}
	sub := r.broker.openLocked(wamp.Subscription{Topic: m.Topic, Match: m.Options.Match()})
	defer r.broker.unlockAndPrune(sub)
	return s.attach(sub, m, asked, publication.Replay{})
}

// openLocked returns the subscription of a topic and match, with its lock held. It does not wait for this lock with the
// broker's lock held: a subscription that is busy delivering must not stop the others.
func (b *broker) openLocked(wanted wamp.Subscription) *subscription {
	for {
		sub := b.open(wanted)
		sub.mu.Lock()
		if !sub.pruned {
			return sub
		}
		sub.mu.Unlock()
	}
}

// open returns the subscription of a topic and match. It may be pruned before its lock is taken.
func (b *broker) open(wanted wamp.Subscription) *subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	sub := b.subscriptions.Get(wanted.Topic, wanted.Match)
	if sub == nil {
		wanted.ID = b.last.Next()
		sub = &subscription{info: wanted}
		b.subscriptions.Put(wanted.Topic, wanted.Match, sub)
		b.ids.Put(wanted.ID, sub)
		b.changes.listening(sub.info, 1)
	}
	return sub
}

// attach adds sub to what the session holds, and queues SUBSCRIBED and the replay in the same step: no event comes
// before SUBSCRIBED, and no new event before the replay. Caller must hold sub.mu.
func (s *Session) attach(sub *subscription, m *wamp.Subscribe, asked peer.Basis, what publication.Replay) error {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	held := slices.ContainsFunc(s.memberships, func(held *membership) bool { return held.subscription == sub })
	most := c.router.limits().Subscriptions
	switch {
	case s.left:
		return nil
	case asked != s.basis():
		return errDecisionStale
	case !held && len(s.memberships) >= most:
		return wamp.Fail(wamp.ErrLimitExceeded, "a session holds at most %d subscriptions", most)
	case !held:
		if sub.holdersLocked() == 0 {
			sub.created = time.Now()
		}
		added := &membership{session: s, subscription: sub}
		s.memberships = append(s.memberships, added)
		sub.addLocked(added)
		defer s.queueLocked(observerCall{kind: ChangeSubscribed, subscription: sub.info})
		defer s.realm.changes.subscribed(s, sub)
	}
	c.sendLocked(&wamp.Subscribed{Request: m.Request, Subscription: sub.info.ID})
	s.sendEntriesLocked(sub.info, what)
	return nil
}
