package client

import (
	"errors"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// sharedSubscription is one subscription as the router counts: all handlers of one topic and match share it, over all
// sessions. One SUBSCRIBE is under way at a time. The client's lock guards all of it.
//
//	waiting ──SUBSCRIBE with what it wants──▶ members ──session lost──▶ SUBSCRIBE since the last position
//
// A handler that wants the last events of a topic that others follow already makes the router repeat events; those
// that a member has seen are not delivered to it again.
type sharedSubscription struct {
	key     topicKey
	id      wamp.ID         // in the current session; 0: the router has not granted it
	members []*Subscription // granted at some time; replaced, never changed: deliveries share it
	waiting []*Subscription // not granted yet, in the order of Subscribe

	asked  bool // a SUBSCRIBE has no answer yet
	paused bool // a timer runs after a temporary refusal
	tries  int  // temporary refusals in a row
	turn   int  // counts interruptions, so that an older freshDelivery has no effect

	progress    progress
	retainedFor []*Subscription // those that have asked for the retained events that may come now
}

// subscribeRequest is one SUBSCRIBE. It brings members from where they were to now, or lets handlers join.
type subscribeRequest struct {
	start   start
	resumes bool
	joining []*Subscription
}

// sharedLocked returns the shared subscription of a topic. Caller must hold mu.
func (c *Client) sharedLocked(key topicKey) *sharedSubscription {
	h := c.topics[key]
	if h == nil {
		h = &sharedSubscription{key: key}
		c.topics[key] = h
		c.shared = append(c.shared, h)
	}
	return h
}

// askLocked sends the SUBSCRIBE that is due, if any. Caller must hold client.mu.
func (l *link) askLocked(h *sharedSubscription) {
	switch {
	case h.asked || h.paused:
	case len(h.members) > 0 && (h.id == 0 || h.progress.resuming):
		l.subscribeLocked(h, subscribeRequest{start: h.resumption(), resumes: true})
	case len(h.waiting) > 0 && (h.id == 0 || h.progress.caughtUp):
		from := h.waiting[0].options.start()
		joining := slices.DeleteFunc(slices.Clone(h.waiting), func(s *Subscription) bool { return s.options.start() != from })
		l.subscribeLocked(h, subscribeRequest{start: from, joining: joining})
	}
}

// resumption returns where the members go on.
func (h *sharedSubscription) resumption() start {
	if !h.progress.position.IsZero() {
		return start{since: h.progress.position}
	}
	return start{retained: slices.ContainsFunc(h.members, wantsRetained)}
}

func wantsRetained(s *Subscription) bool { return s.options.Retained }

// subscribeLocked sends SUBSCRIBE. Caller must hold client.mu.
func (l *link) subscribeLocked(h *sharedSubscription, q subscribeRequest) {
	h.asked = true
	h.turn++
	if q.resumes || !q.start.since.IsZero() || q.start.last > 0 {
		for _, s := range h.members {
			s.showLocked(CatchingUp, nil)
		}
	}
	message := func(id wamp.ID) wamp.Message {
		return &wamp.Subscribe{Request: id, Options: q.start.options(matchOptions(h.key.match)), Topic: wamp.URI(h.key.topic)}
	}
	settle := func(m wamp.Message, err error) { l.subscribedLocked(h, q, m, err) }
	if _, err := l.requestLocked(wamp.CodeSubscribe, outbound{message: message, settle: settle}); err != nil {
		settle(nil, err)
	}
}

func (l *link) subscribedLocked(h *sharedSubscription, q subscribeRequest, m wamp.Message, err error) {
	if isLost(err) {
		return // still wanted: the next session asks again
	}
	h.asked = false
	if subscribed, ok := m.(*wamp.Subscribed); ok {
		l.grantedLocked(h, q, subscribed)
	} else {
		l.deniedLocked(h, q, err)
	}
	if !l.client.releaseLocked(h, nil) {
		l.askLocked(h)
	}
}

// grantedLocked applies SUBSCRIBED. Caller must hold client.mu.
func (l *link) grantedLocked(h *sharedSubscription, q subscribeRequest, m *wamp.Subscribed) {
	again := h.id != 0
	h.id, h.tries = m.Subscription, 0
	l.held[h.id] = h
	for _, s := range h.members { // what was sent before SUBSCRIBED may come again
		if !s.seen.reaches(h.progress.position) {
			s.seen = h.progress.position
		}
	}
	var gap *Gap
	h.progress, gap = h.progress.begin(q.start, m.Details, again)
	concerned := h.members
	if !q.resumes {
		concerned = slices.DeleteFunc(q.joining, func(s *Subscription) bool { return s.canceled })
		for _, s := range concerned {
			s.seen = h.progress.position
			h.waiting = without(h.waiting, s)
			s.settleLocked()
		}
		h.members = append(slices.Clone(h.members), concerned...)
	}
	if gap != nil {
		for _, s := range concerned {
			s.seen = Position{} // what is left comes from its beginning
		}
		l.client.inbox.put(&gapDelivery{concerned, h.key.topic, *gap})
	}
	if q.start.retained {
		h.retainedFor = slices.DeleteFunc(slices.Clone(concerned), func(s *Subscription) bool { return !wantsRetained(s) })
	}
	h.tellFreshLocked(l.client)
}

// tellFreshLocked queues that the subscription has caught up, behind the events that came before. Caller must hold
// client.mu.
func (h *sharedSubscription) tellFreshLocked(c *Client) {
	if !h.progress.caughtUp {
		return
	}
	freshness := Live
	if h.progress.thinned {
		freshness = Thinned
	}
	c.inbox.put(&freshDelivery{h, h.turn, freshness})
}

// deniedLocked applies the refusal of SUBSCRIBE. Caller must hold client.mu.
func (l *link) deniedLocked(h *sharedSubscription, q subscribeRequest, err error) {
	ended := q.joining
	if q.resumes {
		var answer *Error
		if errors.As(err, &answer) && answer.Temporary() {
			l.pauseLocked(h, err)
			return
		}
		ended = h.members
		h.progress.caughtUp = true // so that the handlers that wait are asked for
	}
	for _, s := range ended {
		h.removeLocked(s)
		s.endLocked(err)
	}
	h.tellFreshLocked(l.client) // for the members that were there before
}

// pauseLocked asks again after a pause. Caller must hold client.mu.
func (l *link) pauseLocked(h *sharedSubscription, err error) {
	c := l.client
	h.tries++
	h.paused = true
	h.turn++
	for _, s := range h.members {
		s.showLocked(Stale, err)
	}
	time.AfterFunc(c.config.Reconnect.pause(h.tries), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.link == l && c.topics[h.key] == h {
			h.paused = false
			l.askLocked(h)
		}
	})
}

// removeLocked removes a handler. Caller must hold client.mu.
func (h *sharedSubscription) removeLocked(s *Subscription) {
	h.waiting, h.members, h.retainedFor = without(h.waiting, s), without(h.members, s), without(h.retainedFor, s)
	if len(h.members) == 0 {
		h.progress = progress{caughtUp: h.progress.caughtUp} // nothing is left that anything could be missing for
	}
}
