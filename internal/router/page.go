package router

import (
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// page is a batch of events in one format. Clients that come back to the same place of a subscription share it, so a
// storm of them costs one encoding.
type page struct {
	packets    []outbox.Packet // one; without framing one for each event
	bytes      int
	unsendable int // events that the format cannot express
	entries    []*publication.Entry
	last       uint64 // the Seq of the last event, or that before the page
}

// pageKey tells pages apart, but for their entries.
type pageKey struct {
	subscription wamp.ID
	format       *outbox.Format
	positions    bool
	prev, first  uint64
	entries      int
	live, gap    bool
	retained     bool
	gapAt        int
}

const (
	// maxPages and maxPageBytes bound the pages that a realm remembers.
	maxPages     = 64
	maxPageBytes = 8 << 20
)

// pages remembers the last pages of a realm. Safe for concurrent use.
type pages struct {
	mu    sync.Mutex // guards what follows; no lock is taken under it
	known map[pageKey]*page
	order []pageKey // oldest first
	bytes int
}

// get returns the page with exactly these entries, or nil.
func (p *pages) get(key pageKey, entries []*publication.Entry) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.known[key]; found != nil && slices.Equal(found.entries, entries) {
		return found
	}
	return nil
}

// add remembers a page in place of one with the same key.
func (p *pages) add(key pageKey, added *page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = make(map[pageKey]*page)
	}
	if old := p.known[key]; old != nil {
		p.bytes -= old.bytes
	} else {
		p.order = append(p.order, key)
	}
	p.known[key] = added
	p.bytes += added.bytes
	for len(p.order) > maxPages || p.bytes > maxPageBytes {
		oldest := p.order[0]
		p.order = slices.Delete(p.order, 0, 1)
		p.bytes -= p.known[oldest].bytes
		delete(p.known, oldest)
	}
}

// pageOf returns a batch in the client's format, as a page that others share.
func (c *catchUp) pageOf(sub wamp.Subscription, what batch) *page {
	key := pageKey{
		subscription: sub.ID, format: c.session.client.format, positions: c.start.positions, prev: c.prev,
		first: what.entries[0].Seq, entries: len(what.entries), live: what.live, gap: what.gap, gapAt: what.gapAt,
		retained: what.retained,
	}
	known := &c.session.realm.pages
	if found := known.get(key, what.entries); found != nil {
		return found
	}
	made := c.encode(sub, what)
	known.add(key, made)
	return made
}

// encode makes the events of a batch.
func (c *catchUp) encode(sub wamp.Subscription, what batch) *page {
	made := &page{entries: what.entries, last: c.prev}
	together := outbox.Batch{Format: c.session.client.format}
	epoch := c.session.realm.journal.Position().Epoch
	scratch := outbox.GetScratch()
	defer scratch.Put()
	for i, e := range what.entries {
		event := c.event(sub, what, i, publication.Position{Epoch: epoch, Seq: made.last})
		var err error
		if event.Payload, err = event.Payload.In(together.Format.Encoding.Serialization()); err != nil {
			together.Missing++
			continue
		}
		before := together.Frames
		if _, err = together.Add(event, scratch); err != nil {
			c.session.realm.router.options.Logger.Error("an event was not encoded", "topic", string(e.Topic), "error", err)
		}
		if together.Frames > before {
			made.last = e.Seq
		}
		if together.Format.Framing == nil { // nothing would tell the events apart
			made.addPacket(&together)
		}
	}
	made.addPacket(&together)
	made.unsendable = together.Missing
	c.session.realm.router.counters.Encodings.Add(uint64(len(what.entries) - together.Missing))
	return made
}

// event returns one event of a batch, which comes after a position.
func (c *catchUp) event(sub wamp.Subscription, what batch, i int, after publication.Position) *wamp.Event {
	e := what.entries[i]
	event := e.Event(sub)
	if what.retained {
		event.Details["retained"] = true
		return event
	}
	if !c.start.positions {
		return event
	}
	e.AddPosition(event.Details, after.Epoch, after.Seq)
	if what.live && i == len(what.entries)-1 {
		event.Details["_live"] = true
	}
	if what.gap && i == what.gapAt {
		event.Details["_gap"] = true
	}
	return event
}

// addPacket moves the frames of a batch to the page.
func (p *page) addPacket(from *outbox.Batch) {
	if from.Frames > 0 {
		p.packets = append(p.packets, from.Packet)
		p.bytes += len(from.Bytes)
		from.Packet = outbox.Packet{}
	}
}
