package client

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// event queues an event for its handlers. It blocks while the dispatcher is busy, for at most HandlerPatience. Then
// the position has not moved, so that the event comes again in the next session.
func (l *link) event(m *wamp.Event, readable bool) error {
	if err := l.awaitRoom(); err != nil {
		return err
	}
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	h := l.held[m.Subscription]
	if h == nil {
		return nil // EVENT and UNSUBSCRIBE have crossed
	}
	before := h.progress
	positioned := !positionOf(m.Details).IsZero()
	if positioned && before.resuming {
		return nil
	}
	before.retried = before.retried || h.asked // another SUBSCRIBE is under way: a jump can only be told
	a := before.advance(m.Details)
	h.progress = a.next
	if a.resume {
		l.askLocked(h)
		return nil
	}
	if a.gap != nil {
		if concerned := h.notSeen(a.gap.To); len(concerned) > 0 {
			c.inbox.put(&gapDelivery{concerned, h.key.topic, *a.gap})
		}
	}
	switch receivers := h.receivers(m, a.position); {
	case len(receivers) == 0:
	case readable:
		c.inbox.put(&eventDelivery{receivers, h.key.topic, m, before.position})
	case !a.position.IsZero():
		c.inbox.put(&gapDelivery{receivers, h.key.topic, Gap{From: before.position, To: a.position, Kept: true}})
	}
	if a.next.caughtUp != before.caughtUp || a.next.thinned != before.thinned {
		h.tellFreshLocked(c)
		l.askLocked(h)
	}
	return nil
}

// awaitRoom blocks until the inbox has room.
func (l *link) awaitRoom() error {
	return l.client.inbox.wait(l.client.life, l.client.config.Limits.HandlerPatience)
}

// receivers returns the handlers of an event.
func (h *sharedSubscription) receivers(m *wamp.Event, position Position) []*Subscription {
	if retained, _ := m.Details.Bool("retained"); retained {
		return h.retainedFor
	}
	return h.notSeen(position)
}

// notSeen returns the members that have not seen everything up to a position.
func (h *sharedSubscription) notSeen(position Position) []*Subscription {
	seen := func(s *Subscription) bool { return !position.IsZero() && s.seen.reaches(position) }
	if !slices.ContainsFunc(h.members, seen) {
		return h.members
	}
	return slices.DeleteFunc(slices.Clone(h.members), seen)
}
