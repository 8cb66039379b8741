package encode

import (
	"log/slog"
	"slices"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Run encodes the events of a run of publications, for one subscription after the other. A run is adjacent
// publications of one topic with the same lists of receivers. One goroutine owns a Run.
type Run struct {
	Encoded int // events so far, one for each subscription and format; the owner may reset it

	source Source

	// Of the current run.
	length   int                  // publications
	entries  []*publication.Entry // of all publications, or nil
	payloads []Conversions        // of all publications; empty until one is needed in another serialization
	epoch    string               // of the journal; "" until it is needed

	// Of the current subscription.
	sub     wamp.Subscription
	batches []Events
}

// Source has the publications of the runs.
type Source struct {
	Publications interface {
		// Event returns the event of publication i of the run, without the subscription.
		Event(i int) wamp.Event
	}
	Journal publication.Journal // nil: nothing is kept
	Log     *slog.Logger
}

// Events is the events of a run from one on, as clients of one format and one place get them.
type Events struct {
	Batch
	First int // the first publication of the run that the events are of

	place  Place
	single []Single // of the same events; nil until a client is behind
}

// maxShared bounds the batches of one subscription that are looked through.
const maxShared = 16

// Reset prepares for the runs of a source.
func (r *Run) Reset(source Source) { r.source = source }

// Release forgets the source and all events, and keeps the memory for others.
func (r *Run) Release() {
	r.End()
	clear(r.batches[:cap(r.batches)])
	*r = Run{payloads: r.payloads, batches: r.batches[:0]}
}

// Begin begins a run. entries are those of its publications, or nil.
func (r *Run) Begin(length int, entries []*publication.Entry) { r.length, r.entries = length, entries }

// End forgets the run.
func (r *Run) End() {
	clear(r.payloads)
	r.payloads, r.entries = r.payloads[:0], nil
}

// For begins with a subscription.
func (r *Run) For(sub wamp.Subscription) { r.sub, r.batches = sub, r.batches[:0] }

// FirstAfter returns the first publication of the run that a subscriber at a place gets live. It returns the length of
// the run if there is none.
func (r *Run) FirstAfter(at Place) int {
	for i := range r.length {
		switch seq := r.entries[i].Seq; {
		case seq == 0: // not kept
			return i
		case at&CatchingUp != 0:
			return r.length
		case seq > at.Seq():
			return i
		}
	}
	return r.length
}

// After returns the events of the run from the first on, for subscribers at a place. They are encoded and framed for
// the first of these subscribers and shared with all others.
func (r *Run) After(f *outbox.Format, at Place, first int) *Events {
	for i := range r.batches {
		if e := &r.batches[i]; e.Format == f && e.place == at && e.First == first {
			return e
		}
	}
	if len(r.batches) >= maxShared { // subscribers that lists of receivers have told apart: few share the next one
		r.batches = r.batches[:maxShared-1]
	}
	r.batches = append(r.batches, Events{Batch: Batch{Format: f}, place: at, First: first})
	made := &r.batches[len(r.batches)-1]
	scratch := GetScratch()
	defer scratch.Put()
	for i := first; i < r.length; i++ {
		r.add(&made.Batch, scratch, r.event(made, i), i)
		if made.Frames == 1 && i < r.length-1 { // the other events are about as long
			made.Bytes = slices.Grow(made.Bytes, (len(made.Bytes)+8)*(r.length-1-i))
		}
	}
	return made
}

// event returns the event of one publication, with its payload as it was published.
func (r *Run) event(of *Events, i int) wamp.Event {
	if r.entries == nil || r.entries[i].Seq == 0 {
		return r.plain(i)
	}
	entry := r.entries[i]
	event := *entry.Event(r.sub)
	if !of.place.Positions() {
		return event
	}
	if r.epoch == "" {
		r.epoch = r.source.Journal.Position().Epoch
	}
	before := of.place.Seq()
	for n := i - 1; n >= of.First; n-- {
		if seq := r.entries[n].Seq; seq != 0 {
			before = seq
			break
		}
	}
	entry.AddPosition(event.Details, r.epoch, before)
	return event
}

// plain returns the event of a publication that is not kept.
func (r *Run) plain(i int) wamp.Event {
	event := r.source.Publications.Event(i)
	event.Subscription = r.sub.ID
	if r.sub.Match != wamp.MatchExact {
		if event.Details == nil {
			event.Details = make(wamp.Dict, 1)
		}
		event.Details["topic"] = string(event.Topic)
	}
	return event
}

// add adds the event of publication i to the events of a format.
func (r *Run) add(to *Batch, scratch *Scratch, event wamp.Event, i int) {
	if !r.convert(&event, to.Format.Encoding.Serialization(), i) {
		to.Missing++
		return
	}
	encoded, err := to.Add(&event, scratch)
	if encoded {
		r.Encoded++
	} else {
		r.source.Log.Error("an event was not encoded", "topic", string(event.Topic), "error", err)
	}
}

// convert converts the payload of the event of publication i, once for each serialization.
func (r *Run) convert(event *wamp.Event, s wamp.Serialization, i int) bool {
	if s == event.Payload.Serialization {
		return true
	}
	if len(r.payloads) == 0 {
		r.payloads = slices.Grow(r.payloads, r.length)[:r.length]
	}
	payload, now, err := r.payloads[i].In(s, &event.Payload)
	if now && err != nil {
		r.source.Log.Debug("a payload cannot be expressed for some subscribers", "topic", string(event.Topic), "error", err)
	}
	event.Payload = payload
	return err == nil
}
