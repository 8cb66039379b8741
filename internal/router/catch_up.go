package router

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// catchUp is a subscriber that reads what was retained while new publications queue for it. The journal is read with no
// lock held; then SUBSCRIBED, what was read and the queue are sent in one step, and the subscriber is a member.
//
//	begin         pause the membership, if there is one; from now on publications are queued
//	read          ask the journal
//	settle        wait until what the journal has stored is delivered: now the queue has what came after begin
//	end           SUBSCRIBED, what was read and is not queued, the queue; a member
//
// A new subscriber is no holder of the subscription before the end: it is neither counted nor told to observers, and
// nothing can be taken away from it. A session that repeats SUBSCRIBE stays a holder.
type catchUp struct {
	session *Session
	paused  *membership // of a session that held the subscription before; nil: it is new
	next    *catchUp    // in subscription.catching, guarded by subscription.mu
	queue   publication.Backlog
}

// errDecisionStale reports that a request must be authorized again: its decision is void, or what it was about was
// revoked meanwhile.
var errDecisionStale = errors.New("the decision is void")

// subscribeRetained makes the session a subscriber that gets what was retained.
func (r *Realm) subscribeRetained(ctx context.Context, s *Session, m *wamp.Subscribe, asked peer.Basis) error {
	sub, c := r.broker.beginCatchUp(s, wamp.Subscription{Topic: m.Topic, Match: m.Options.Match()})
	ended := false
	defer func() {
		if !ended { // the journal panicked
			_ = r.broker.endCatchUp(sub, c, func() error { return errDecisionStale })
		}
	}()
	read, err := r.readRetained(ctx, s, sub.info)
	ended = true
	return r.broker.endCatchUp(sub, c, func() error {
		if err != nil {
			return err
		}
		return s.attach(sub, m, asked, c.queue.Replay(read))
	})
}

// readRetained asks the journal. Must not hold a lock.
func (r *Realm) readRetained(ctx context.Context, s *Session, sub wamp.Subscription) ([]*publication.Entry, error) {
	limits := r.router.limits()
	page, err := r.journal.Retained(ctx, publication.RetainedQuery{
		Subscription: sub,
		Admits:       func(e *publication.Entry) bool { return e.IsFor(s.Receiver()) },
		// Half the outbox: a pattern that matches many topics must not close its subscriber as slow.
		MaxEntries: limits.OutboxFrames / 2, MaxBytes: limits.OutboxBytes / 2,
	})
	s.ChargeQuery(page.Work)
	if err == nil {
		err = r.settle(ctx, sub)
	}
	switch {
	case err == nil:
		return page.Entries, nil
	case ctx.Err() != nil: // no answer is needed
		return nil, wamp.Fail(wamp.ErrCanceled, "the client has gone")
	}
	r.router.options.Logger.Error("the journal failed, so a subscriber was refused", "topic", string(sub.Topic), "error", err)
	return nil, wamp.Fail(wamp.ErrUnavailable, "the retained events could not be read; try again")
}

// beginCatchUp adds a subscriber that catches up.
func (b *broker) beginCatchUp(s *Session, wanted wamp.Subscription) (*subscription, *catchUp) {
	sub := b.openLocked(wanted)
	defer sub.mu.Unlock()
	c := &catchUp{session: s, paused: s.membershipOf(sub), next: sub.catching}
	if c.paused != nil && !sub.pauseLocked(c.paused) { // it is being taken away
		c.paused = nil
	}
	sub.catching = c
	return sub, c
}

// endCatchUp takes the subscriber from those that catch up. It calls attach, which may make the subscriber a member;
// after an error of attach a session that held the subscription before gets what was queued.
func (b *broker) endCatchUp(sub *subscription, c *catchUp, attach func() error) error {
	sub.mu.Lock()
	defer b.unlockAndPrune(sub)
	if !sub.unlinkLocked(c) { // the membership was taken away
		return errDecisionStale
	}
	if c.paused != nil {
		sub.resumeLocked(c.paused)
	}
	err := attach()
	if err != nil && c.paused != nil {
		c.session.sendEntries(sub.info, c.queue.Replay(nil))
	}
	return err
}

func (s *Session) sendEntries(sub wamp.Subscription, what publication.Replay) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	s.sendEntriesLocked(sub, what)
}

// sendEntriesLocked sends events from entries. Those that were queued are counted already. Caller must hold client.mu.
func (s *Session) sendEntriesLocked(sub wamp.Subscription, what publication.Replay) {
	counters := &s.realm.router.counters
	for _, e := range what.Retained {
		event := e.Event(sub)
		event.Details["retained"] = true
		if s.sendEventLocked(event) {
			counters.Events.Add(1)
		}
	}
	for _, e := range what.Queued {
		s.sendEventLocked(e.Event(sub))
	}
}

// sendEventLocked sends an event to this session alone. It reports false if the session's serialization cannot express
// the payload. Caller must hold client.mu.
func (s *Session) sendEventLocked(event *wamp.Event) bool {
	counters := &s.realm.router.counters
	payload, err := event.Payload.In(s.Encoding().Serialization())
	if err != nil {
		counters.Unsendable.Add(1)
		return false
	}
	event.Payload = payload
	s.client.sendLocked(event)
	counters.Encodings.Add(1)
	return true
}

// toCatchingUp queues the run for the subscribers of sub that catch up. Caller must hold sub.mu for reading.
func (d *fanout) toCatchingUp(sub *subscription) {
	limits := d.router.limits()
	for c := sub.catching; c != nil; c = c.next {
		if !d.admits(c.session.client) {
			continue
		}
		if d.entries == nil {
			d.entries = entriesOf(d.all)
		}
		if c.queue.Add(d.entries, limits.OutboxFrames, limits.OutboxBytes) {
			d.counts.Events += len(d.entries)
		} else {
			c.session.client.closeSlow()
		}
	}
}

// closeSlow closes a client for which more is queued than its outbox may hold.
func (c *Client) closeSlow() {
	info := outbox.CloseInfo{Reason: outbox.CloseSlow, Text: "too much was published while this client read retained events"}
	if c.outbox.Close(info) {
		c.router.counters.Closes[outbox.CloseSlow].Add(1)
	}
}

// pauseLocked takes a member out that catches up; it stays a holder. It reports false if it was no member. Caller must
// hold mu.
func (s *subscription) pauseLocked(m *membership) bool {
	if !s.removeLocked(m) {
		return false
	}
	m.index = indexPaused
	s.paused++
	return true
}

// resumeLocked makes a paused holder a member again. Caller must hold mu.
func (s *subscription) resumeLocked(m *membership) {
	s.paused--
	s.addLocked(m)
}

// unlinkLocked takes a subscriber from those that catch up. It reports false if it was taken away before. Caller must
// hold mu.
func (s *subscription) unlinkLocked(c *catchUp) bool {
	for at := &s.catching; *at != nil; at = &(*at).next {
		if *at == c {
			*at = c.next
			return true
		}
	}
	return false
}

// removePausedLocked takes a paused holder away. Caller must hold mu.
func (s *subscription) removePausedLocked(m *membership) {
	for c := s.catching; c != nil; c = c.next {
		if c.paused == m {
			s.unlinkLocked(c)
			break
		}
	}
	s.paused--
	m.index = indexRemoved
}
