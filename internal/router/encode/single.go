package encode

import (
	"maps"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Single is one event of a run by itself, in one format.
type Single struct {
	Frame []byte // nil: it cannot be sent in the format

	told *toldEvent // nil until a client is to be told of skipped events
}

// Singles returns the events one by one, for clients that are behind. They are encoded for the first of these clients.
func (r *Run) Singles(events *Events) []Single {
	if events.single == nil {
		r.split(events)
	}
	return events.single
}

func (r *Run) split(events *Events) {
	events.single = make([]Single, r.length-events.First)
	if len(events.single) == 1 {
		events.single[0].Frame = events.Bytes
		return
	}
	scratch := GetScratch()
	defer scratch.Put()
	for i := range events.single {
		alone := Batch{Format: events.Format}
		r.add(&alone, scratch, r.event(events, events.First+i), events.First+i)
		if alone.Frames > 0 {
			events.single[i].Frame = alone.Bytes
		}
	}
}

// Positioned reports whether event i of those that Singles returned carries a position.
func (r *Run) Positioned(events *Events, i int) bool {
	return events.place.Positions() && r.entries[events.First+i].Seq != 0
}

// Told returns event i of those that Singles returned, for clients that are told of skipped ones.
func (r *Run) Told(events *Events, i int) outbox.Told {
	single := &events.single[i]
	if single.told == nil {
		single.told = &toldEvent{events.Format, r.event(events, events.First+i)}
		event := &single.told.event
		// The payload was converted for the frame, so there is no error. It must outlast the frame in which it came.
		r.convert(event, events.Format.Encoding.Serialization(), events.First+i)
		event.Payload = event.Payload.Clone()
	}
	return single.told
}

// toldEvent is an event in one format, kept for clients that are told of skipped ones. It never changes.
type toldEvent struct {
	format *outbox.Format
	event  wamp.Event
}

// WithSkipped implements [outbox.Told].
func (t *toldEvent) WithSkipped(n uint64) []byte {
	event := t.event
	event.Details = maps.Clone(event.Details)
	if event.Details == nil {
		event.Details = make(wamp.Dict, 1)
	}
	event.Details["_skipped"] = int64(n)
	scratch := GetScratch()
	defer scratch.Put()
	alone := Batch{Format: t.format}
	if _, err := alone.Add(&event, scratch); err != nil || alone.Frames == 0 {
		return nil
	}
	return alone.Bytes
}

var _ outbox.Told = (*toldEvent)(nil)
