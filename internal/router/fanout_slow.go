package router

import (
	"maps"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// slow returns the policy of a topic for clients that do not keep up.
func (r *Router) slow(topic wamp.URI) outbox.Slow {
	if r.options.Slow == nil {
		return outbox.Slow{}
	}
	return r.options.Slow(topic)
}

// singleEvent is one event of a batch by itself.
type singleEvent struct {
	frame []byte     // nil: it cannot be sent in the format
	told  *toldEvent // nil until a client is to be told of skipped events
}

// putSkippable queues events of a topic that has another policy than closing slow clients. A client that is behind gets
// each event by itself.
func (d *fanout) putSkippable(sub *subscription, m *member, events *eventBatch) {
	switch m.client.outbox.PutSkippable(events.Packet) {
	case outbox.Queued:
		d.counts.Put(events.Frames, len(events.Bytes))
	case outbox.Behind:
		if events.single == nil {
			d.split(sub, events)
		}
		for i := range events.single {
			d.putSingle(sub, m, events, i)
		}
	default: // it is closed
	}
}

// split encodes the events of a batch one by one.
func (d *fanout) split(sub *subscription, events *eventBatch) {
	events.single = make([]singleEvent, len(d.all)-events.first)
	if len(events.single) == 1 {
		events.single[0].frame = events.Bytes
		return
	}
	scratch := outbox.GetScratch()
	defer scratch.Put()
	for i := range events.single {
		alone := outbox.Batch{Format: events.Format}
		d.encode(&alone, scratch, d.placedEvent(sub, events, events.first+i), events.first+i)
		if alone.Frames > 0 {
			events.single[i].frame = alone.Bytes
		}
	}
}

// putSingle queues one event for a client that is behind. Events with positions keep the order of their positions: a
// client that comes back after one of them must have had all before it.
func (d *fanout) putSingle(sub *subscription, m *member, events *eventBatch, i int) {
	single := &events.single[i]
	if single.frame == nil {
		return
	}
	p := &d.all[events.first+i]
	event := outbox.Event{
		Stream:  outbox.Stream{Subscription: sub.info.ID, Topic: p.Topic, Key: p.Key},
		Frame:   single.frame,
		InOrder: events.place.positions() && d.entries[events.first+i].Seq != 0,
	}
	slow := d.slow
	if event.InOrder && (sub.info.Match != wamp.MatchExact || p.Key != "") {
		slow.Interval = 0 // an event that is held would come after events with a higher position
	}
	if m.membership.told {
		if single.told == nil {
			single.told = d.toldEvent(sub, events, events.first+i)
		}
		event.Told = single.told
	}
	switch m.client.outbox.PutEvent(event, slow) {
	case outbox.Queued:
		d.counts.Put(1, 0) // the outbox has counted the bytes
	case outbox.Replaced:
		d.counts.Put(1, 0)
		d.counts.Skip(d.slow.Policy)
	case outbox.Skipped:
		d.counts.Skip(d.slow.Policy)
	default: // it is closed
	}
}

// toldEvent is an event in one format, kept for clients that are told of skipped ones. It never changes.
type toldEvent struct {
	format *outbox.Format
	event  wamp.Event
}

func (d *fanout) toldEvent(sub *subscription, events *eventBatch, i int) *toldEvent {
	t := &toldEvent{events.Format, d.placedEvent(sub, events, i)}
	// The payload was converted for the frame, so there is no error. It must outlast the frame in which it came.
	payload, _ := d.payload(i, events.Format.Encoding.Serialization())
	t.event.Payload = payload.Clone()
	return t
}

// WithSkipped implements [outbox.Told].
func (t *toldEvent) WithSkipped(n uint64) []byte {
	event := t.event
	event.Details = maps.Clone(event.Details)
	if event.Details == nil {
		event.Details = make(wamp.Dict, 1)
	}
	event.Details["_skipped"] = int64(n)
	scratch := outbox.GetScratch()
	defer scratch.Put()
	alone := outbox.Batch{Format: t.format}
	if _, err := alone.Add(&event, scratch); err != nil || alone.Frames == 0 {
		return nil
	}
	return alone.Bytes
}

var _ outbox.Told = (*toldEvent)(nil)
