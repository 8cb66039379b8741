package router

import (
	"context"
)

// Retention tells what of a topic's publications is kept for later subscribers.
type Retention struct {
	Retain  RetainPolicy
	History int // the last so many, for wamp.subscription.get_events; 0: none
}

// RetainPolicy tells which publications are retained (WAMP, "Event Retention"). The last one of a topic is sent to a
// subscriber that asks for it.
type RetainPolicy uint8

// The policies for one topic.
const (
	RetainOnRequest RetainPolicy = iota // those whose publisher asked for it
	RetainNever
	RetainAlways
)

// keep stores a publication if it is to be kept, before it is delivered. A client that subscribes meanwhile may get it
// twice, with the same id, but cannot miss it.
func (r *Realm) keep(p *Publication) {
	policy := Retention{}
	if ask := r.router.options.Retention; ask != nil {
		policy = ask(p.Topic)
	}
	retain := policy.Retain == RetainAlways || p.Retain && policy.Retain == RetainOnRequest
	// WAMP, "Event History": a publication for single sessions has no later readers.
	if p.Filter.Exclude != nil || p.Filter.Eligible != nil {
		policy.History = 0
	}
	if !retain && policy.History == 0 {
		return
	}
	placement := Placement{Entry: p.entry(), Retain: retain, History: policy.History}
	if err := r.journal.Append(r.router.running, []Placement{placement}); err != nil {
		r.router.options.Logger.Error("a publication was not kept", "topic", string(p.Topic), "error", err)
	}
}

// sendRetainedLocked sends what was retained for a subscription, between SUBSCRIBED and the first new event. Caller
// must hold the locks of the subscription and the client.
func (s *Session) sendRetainedLocked(ctx context.Context, sub Subscription) {
	if s.realm.journal == nil {
		return
	}
	limits := &s.realm.router.options.Limits
	found, err := s.realm.journal.Retained(ctx, RetainedQuery{
		Subscription: sub,
		Admits:       func(e *Entry) bool { return e.IsFor(s) },
		// Half the outbox: a pattern that matches many topics must not close its subscriber as slow.
		MaxEntries: limits.OutboxFrames / 2, MaxBytes: limits.OutboxBytes / 2,
	})
	if err != nil {
		s.realm.router.options.Logger.Error("retained events were not read", "topic", string(sub.Topic), "error", err)
		return
	}
	counters := &s.realm.router.counters
	for _, kept := range found {
		event := kept.Event(sub)
		event.Details["retained"] = true
		payload, err := kept.Payload.In(s.Encoding().Serialization())
		if err != nil {
			counters.unsendable.Add(1)
			continue
		}
		event.Payload = payload
		s.client.sendLocked(event)
		counters.encodings.Add(1)
		counters.events.Add(1)
	}
}
