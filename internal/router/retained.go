package router

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Retention is what of a topic's publications is kept for who comes later.
type Retention struct {
	Retain  RetainPolicy
	History int // the last so many, for wamp.subscription.get_events; 0: none
}

// RetainPolicy is which publications are retained (WAMP, "Event Retention"): the last one of a topic is
// sent to who subscribes and asks for it.
type RetainPolicy uint8

// The policies for one topic.
const (
	RetainOnRequest RetainPolicy = iota // those whose publisher asked for it
	RetainNever
	RetainAlways
)

// record is one publication that is kept. It is immutable.
type record struct {
	sequence    uint64 // in the order of arrival, over all topics
	topic       wamp.URI
	publication wamp.ID
	at          time.Time
	payload     wamp.Payload
	details     wamp.Dict // of its events, but for what depends on the subscription
	receivers   matcher   // without the publisher: a session that has left must not be held
	publisher   wamp.ID   // gets it neither live nor later; 0: nobody is left out
	size        int
}

// recordBytes is about what a record costs without its payload and lists.
const recordBytes = 400

// keep stores a publication if it is to be kept, before it is delivered: who subscribes meanwhile may
// get it twice, under the same publication id, but never not at all.
func (r *Realm) keep(p *Publication) {
	policy := Retention{}
	if ask := r.router.options.Retention; ask != nil {
		policy = ask(p.Topic)
	}
	retain := policy.Retain == RetainAlways || p.Retain && policy.Retain == RetainOnRequest
	// WAMP, "Event History": what was for single sessions has nobody to be told to later.
	if p.Filter.Exclude != nil || p.Filter.Eligible != nil {
		policy.History = 0
	}
	if !retain && policy.History == 0 {
		return
	}
	r.history.append(p.record(), placement{retain: retain, history: policy.History})
}

// record copies what the publication shares with others: a payload is a part of the frame that it
// came in.
func (p *Publication) record() *record {
	filter := p.Filter.clone()
	made := &record{
		topic:       p.Topic,
		publication: p.ID,
		at:          time.Now().Truncate(time.Millisecond), // as it is told, so that it can be asked for
		payload:     p.Payload.Clone(),
		details:     p.details(),
		receivers:   filter.matcher(nil),
	}
	if p.Publisher != nil && !p.Filter.IncludePublisher {
		made.publisher = p.Publisher.id
	}
	made.size = p.Size()
	return made
}

// Size returns about how many bytes it costs to keep the publication in memory.
func (p *Publication) Size() int {
	return recordBytes + len(p.Topic) + len(p.Payload.Args) + len(p.Payload.Kwargs) + p.Filter.size()
}

// isFor reports whether a session may get what was retained: all that held for the publication when
// it was delivered holds for who comes later.
func (r *record) isFor(s *Session) bool {
	return s.id != r.publisher && r.receivers.admits(s.client)
}

// event is the record for one subscription.
func (r *record) event(sub Subscription) *wamp.Event {
	details := make(wamp.Dict, len(r.details)+2)
	for key, value := range r.details {
		details[key] = value
	}
	if sub.Match != wamp.MatchExact {
		details["topic"] = string(r.topic)
	}
	return &wamp.Event{Subscription: sub.ID, Publication: r.publication, Details: details, Payload: r.payload, Topic: r.topic}
}

// retained sends what was retained for a subscription. The locks of the subscription and the client
// are held: it stands between SUBSCRIBED and the first event that is new.
func (s *Session) sendRetainedLocked(sub Subscription) {
	limits := &s.realm.router.options.Limits
	// Half the outbox: a pattern that matches a lot must not cut its subscriber off.
	found := s.realm.history.retained(s, sub, limit{events: limits.OutboxFrames / 2, bytes: limits.OutboxBytes / 2})
	counters := &s.realm.router.counters
	for _, kept := range found {
		event := kept.event(sub)
		event.Details["retained"] = true
		payload, err := kept.payload.In(s.Encoding().Serialization())
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
