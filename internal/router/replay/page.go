package replay

import (
	"github.com/tidings-io/tidings/internal/router/encode"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Page is a batch of events in one format. Clients that come back to the same place of a subscription share it, so a
// storm of them costs one encoding.
type Page struct {
	Packets    []outbox.Packet // one; without framing one for each event
	Unsendable int             // events that the format cannot express

	bytes   int
	entries []*publication.Entry
	last    uint64 // the Seq of the last event, or that before the page
}

// RetainedPage returns the events that answer get_retained, once, or nil. Caller must hold the lock of the
// subscription.
func (r *Replay) RetainedPage(sub wamp.Subscription) *Page {
	what := Step{entries: r.retained.Entries, retained: true}
	r.retained.Entries = nil
	if len(what.entries) == 0 {
		return nil
	}
	return r.page(sub, what)
}

// Page returns the events of a step, or nil if there are none. Positions go on behind them. Caller must hold the lock
// of the subscription.
func (r *Replay) Page(sub wamp.Subscription, what Step) *Page {
	if len(what.entries) == 0 {
		return nil
	}
	made := what.page
	if made == nil {
		made = r.page(sub, what)
	}
	if made.sends() {
		r.prev = made.last
	}
	return made
}

// page returns a step in the client's format, as a page that others share.
func (r *Replay) page(sub wamp.Subscription, what Step) *Page {
	key := pageKey{
		subscription: sub.ID, format: r.subscriber.Format, positions: r.Positions, prev: r.prev,
		first: what.entries[0].Seq, entries: len(what.entries), live: what.Live, gap: what.gap, gapAt: what.gapAt,
		retained: what.retained,
	}
	if found := r.source.get(key, what.entries); found != nil {
		return found
	}
	made := r.encode(sub, what)
	r.source.add(key, made)
	return made
}

// encode makes the events of a step. Of the last step, the last event that the client can get says so.
func (r *Replay) encode(sub wamp.Subscription, what Step) *Page {
	what.lastSeq = what.entries[len(what.entries)-1].Seq
	made := r.encodeUpTo(sub, what)
	if what.Live && made.sends() && made.last != what.lastSeq {
		what.lastSeq = made.last
		made = r.encodeUpTo(sub, what)
	}
	r.source.Encodings.Add(uint64(len(what.entries) - made.Unsendable))
	return made
}

// encodeUpTo is encode for a step whose last event is known.
func (r *Replay) encodeUpTo(sub wamp.Subscription, what Step) *Page {
	made := &Page{entries: what.entries, last: r.prev}
	together := encode.Batch{Format: r.subscriber.Format}
	epoch := r.source.Journal.Position().Epoch
	scratch := encode.GetScratch()
	defer scratch.Put()
	for i, e := range what.entries {
		event := r.event(sub, what, i, publication.Position{Epoch: epoch, Seq: made.last})
		var err error
		if event.Payload, err = event.Payload.In(together.Format.Encoding.Serialization()); err != nil {
			together.Missing++
			continue
		}
		before := together.Frames
		if _, err = together.Add(event, scratch); err != nil {
			r.source.Log.Error("an event was not encoded", "topic", string(e.Topic), "error", err)
		}
		if together.Frames > before {
			made.last = e.Seq
			what.gap = what.gap && i < what.gapAt // the first event behind the gap tells of it
		}
		if together.Format.Framing == nil { // nothing would tell the events apart
			made.addPacket(&together)
		}
	}
	made.addPacket(&together)
	made.Unsendable = together.Missing
	return made
}

// event returns one event of a step, which comes after a position.
func (r *Replay) event(sub wamp.Subscription, what Step, i int, after publication.Position) *wamp.Event {
	e := what.entries[i]
	event := e.Event(sub)
	if what.retained {
		event.Details["retained"] = true
		return event
	}
	if !r.Positions {
		return event
	}
	e.AddPosition(event.Details, after.Epoch, after.Seq)
	if what.Live && e.Seq == what.lastSeq {
		event.Details["_live"] = true
	}
	if what.gap && i >= what.gapAt {
		event.Details["_gap"] = true
	}
	return event
}

// sends reports whether the page has an event.
func (p *Page) sends() bool { return len(p.Packets) > 0 }

// addPacket moves the frames of a batch to the page.
func (p *Page) addPacket(from *encode.Batch) {
	if from.Frames > 0 {
		p.Packets = append(p.Packets, from.Packet)
		p.bytes += len(from.Bytes)
		from.Packet = outbox.Packet{}
	}
}
