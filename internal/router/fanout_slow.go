package router

import (
	"github.com/tidings-io/tidings/internal/router/encode"
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

// putSkippable queues events of a topic that has another policy than closing slow clients. A client that is behind gets
// each event by itself.
func (d *fanout) putSkippable(sub *subscription, m *member, events *encode.Events) {
	switch m.client.sender.Outbox.PutSkippable(events.Packet) {
	case outbox.Queued:
		d.counts.Put(events.Frames, len(events.Bytes))
	case outbox.Behind:
		for i, single := range d.events.Singles(events) {
			if single.Frame != nil {
				d.putSingle(sub, m, events, i, single.Frame)
			}
		}
	default: // it is closed
	}
}

// putSingle queues one event for a client that is behind. Events with positions keep the order of their positions: a
// client that comes back after one of them must have had all before it.
func (d *fanout) putSingle(sub *subscription, m *member, events *encode.Events, i int, frame []byte) {
	p := &d.all[events.First+i]
	event := outbox.Event{
		Stream:  outbox.Stream{Subscription: sub.info.ID, Topic: p.Topic, Key: p.Key},
		Frame:   frame,
		InOrder: d.events.Positioned(events, i),
	}
	slow := d.slow
	if event.InOrder && (sub.info.Match != wamp.MatchExact || p.Key != "") {
		slow.Interval = 0 // an event that is held would come after events with a higher position
	}
	if m.membership.told {
		event.Told = d.events.Told(events, i)
	}
	switch m.client.sender.Outbox.PutEvent(event, slow) {
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
