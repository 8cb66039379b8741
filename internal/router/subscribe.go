package router

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/replay"
	"github.com/tidings-io/tidings/internal/wamp"
)

// errDecisionStale reports that a request must be authorized again: its decision is void.
var errDecisionStale = errors.New("the decision is void")

// subscribe handles SUBSCRIBE.
func (s *Session) subscribe(ctx context.Context, m *wamp.Subscribe) error {
	for {
		asked := s.basis()
		request := Request{Session: s, Action: peer.Subscribe, URI: m.Topic, Match: m.Options.Match()}
		if _, err := s.authorize(ctx, request); err != nil {
			s.replyError(m, err)
			return nil
		}
		err := s.realm.subscribe(s, m, asked)
		if errors.Is(err, errDecisionStale) {
			continue
		}
		if err != nil {
			s.logUnanswered(ctx, request, err)
		}
		s.replyError(m, err)
		return nil
	}
}

// subscribe makes the session a subscriber and queues SUBSCRIBED. A repeated request is answered with the subscription
// that the session holds already, and begins where it says.
func (r *Realm) subscribe(s *Session, m *wamp.Subscribe, asked peer.Basis) error {
	from, err := replay.ParseStart(m.Options)
	if err != nil {
		return err
	}
	wanted := wamp.Subscription{Topic: m.Topic, Match: m.Options.Match()}
	var c *catchUp
	switch {
	case r.journal != nil && from != (replay.Start{}):
		c = r.readFirst(s, wanted, from)
	case from.Positions:
		c = r.newCatchUp(s, from)
	}
	sub := r.broker.openLocked(wanted)
	defer r.broker.unlockAndPrune(sub)
	return s.attach(sub, m, asked, c)
}

// openLocked returns the subscription of a topic and match, with its lock held. It does not wait for this lock with the
// broker's lock held: a subscription that is busy delivering must not stop the others.
func (b *broker) openLocked(wanted wamp.Subscription) *subscription {
	for {
		sub := b.open(wanted)
		sub.mu.Lock()
		if !sub.pruned {
			if b.meter != nil && sub.meter.Load() == nil {
				sub.meter.Store(b.meter(sub.info))
			}
			return sub
		}
		sub.mu.Unlock()
	}
}

// open returns the subscription of a topic and match. It may be pruned before its lock is taken.
func (b *broker) open(wanted wamp.Subscription) *subscription {
	b.subscriptions.Mu.Lock()
	defer b.subscriptions.Mu.Unlock()
	sub := b.subscriptions.GetLocked(wanted.Topic, wanted.Match)
	if sub == nil {
		sub = &subscription{info: wanted}
		sub.info.ID = b.subscriptions.PutLocked(wanted.Topic, wanted.Match, sub)
		b.changes.listening(sub.info, 1)
	}
	return sub
}

// attach adds sub to what the session holds, and queues SUBSCRIBED in the same step, with what c has read: no event
// comes before SUBSCRIBED, and no new event before earlier ones. Caller must hold sub.mu.
func (s *Session) attach(sub *subscription, m *wamp.Subscribe, asked peer.Basis, c *catchUp) error {
	client := s.client
	client.mu.Lock()
	defer client.mu.Unlock()
	var held *membership
	if i := slices.IndexFunc(s.memberships, func(held *membership) bool { return held.subscription == sub }); i >= 0 {
		held = s.memberships[i]
	}
	most := client.router.limits().Subscriptions
	switch {
	case s.left:
		return nil
	case asked != s.basis():
		return errDecisionStale
	case held == nil && len(s.memberships) >= most:
		return wamp.Fail(wamp.ErrLimitExceeded, "a session holds at most %d subscriptions", most)
	case held == nil:
		if sub.holdersLocked() == 0 {
			sub.created = time.Now()
		}
		held = &membership{session: s, subscription: sub, minutes: meter.MinutesSince(client.router.started)}
		s.memberships = append(s.memberships, held)
		sub.addLocked(held)
		defer s.queueLocked(observerCall{kind: ChangeSubscribed, subscription: sub.info})
		defer s.realm.changes.ofSubscription(ChangeSubscribed, s, sub)
	}
	subscribed := &wamp.Subscribed{Request: m.Request, Subscription: sub.info.ID}
	if c == nil {
		client.sender.Send(subscribed)
	} else {
		c.begin(held, subscribed)
	}
	return nil
}
