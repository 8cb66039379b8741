package router

import (
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// fanout delivers publications to the subscriptions that they match, run by run. A run is adjacent publications of one
// topic with the same lists of receivers. A fanout is owned by one goroutine.
type fanout struct {
	router *Router
	realm  *Realm

	// Of the current run.
	all       []Publication
	publisher *Client             // left out; nil: none
	receivers publication.Matcher // checks the lists
	targets   []*Session          // the only sessions that can be admitted, if they are few; nil: check all
	matched   []*subscription
	payloads  []outbox.Conversions // of all publications; empty until one is needed in another serialization
	encoded   []eventBatch         // of the current subscription
	entries   []*publication.Entry // of all publications; nil until one is needed
	ordered   bool                 // the topic is kept: events of local subscribers are queued
	epoch     string               // of the journal; "" until it is needed
	remote    bool                 // the run is of another node: entries have its details, local subscribers do not get it
	locals    []*localSubscriber   // have queued events
	slow      outbox.Slow          // for clients that do not keep up

	counts meter.Fanout // of all runs
}

// fanoutPool recycles fan-outs with their arrays.
var fanoutPool = sync.Pool{New: func() any { return new(fanout) }}

func getFanout(r *Realm) *fanout {
	d := fanoutPool.Get().(*fanout)
	d.router, d.realm = r.router, r
	return d
}

// deliver delivers a run of publications. entries are those of the run, or nil.
func (d *fanout) deliver(run []Publication, entries []*publication.Entry) {
	d.beginRun(run)
	d.entries = entries
	for _, sub := range d.matched {
		d.toSubscription(sub)
	}
	d.endRun()
}

// beginRun prepares for a run of publications.
func (d *fanout) beginRun(all []Publication) {
	first := &all[0]
	d.all = all
	d.counts.Begin()
	d.publisher = nil
	if first.Publisher != nil && !first.Filter.IncludePublisher {
		d.publisher = first.Publisher.client
	}
	d.receivers = first.Filter.Matcher()
	d.slow = d.router.slow(first.Topic)
	d.targets = nil
	if few := first.Filter.Targets(); few != nil {
		d.targets = d.realm.sessionsOf(few)
	}
	d.matched = d.realm.broker.match(d.matched[:0], first.Topic)
}

// endRun counts a run and forgets it.
func (d *fanout) endRun() {
	d.counts.End(len(d.all))
	d.abortRun()
}

// abortRun forgets a run, also one that was broken off.
func (d *fanout) abortRun() {
	clear(d.matched)
	clear(d.payloads)
	d.payloads = d.payloads[:0]
	d.entries = nil
}

func (d *fanout) release() {
	d.abortRun()
	clear(d.encoded[:cap(d.encoded)])
	clear(d.locals[:cap(d.locals)])
	if d.counts.Puts > 0 {
		d.router.outboxes.Put.Add(int64(d.counts.Bytes))
		d.router.checkTotal()
	}
	d.counts.Reset()
	*d = fanout{matched: d.matched[:0], encoded: d.encoded[:0], payloads: d.payloads[:0], counts: d.counts, locals: d.locals[:0]}
	fanoutPool.Put(d)
}

// toSubscription delivers to one subscription.
func (d *fanout) toSubscription(sub *subscription) {
	before := d.counts.Events
	locals := d.toMembers(sub)
	if m := sub.meter.Load(); m != nil && d.counts.Events > before {
		m.Events.Add(uint64(d.counts.Events - before))
	}
	if d.remote {
		return
	}
	for _, local := range locals {
		d.toLocal(local)
	}
}

// toLocal delivers to a local subscriber. Events of a kept topic are queued, because the component may publish to the
// same topic.
func (d *fanout) toLocal(local *localSubscriber) {
	for i := range d.all {
		p := &d.all[i]
		event := LocalEvent{Topic: p.Topic, Publication: p.ID, Payload: p.Payload, Publisher: p.Publisher, Sender: p.Sender}
		if !d.ordered {
			local.deliver(event)
			continue
		}
		event.Payload = d.entries[i].Payload // it outlasts the publisher's frame
		local.queue.Put(event)               // the publisher drains the queue once it has let go of the topic
	}
	if d.ordered {
		d.locals = append(d.locals, local)
	}
}

// toMembers delivers to the sessions of a subscription and returns its local subscribers. It holds the lock for
// reading, so several publishers deliver at once. A session that subscribes or unsubscribes waits: no event comes
// before SUBSCRIBED or after UNSUBSCRIBED.
func (d *fanout) toMembers(sub *subscription) []*localSubscriber {
	d.encoded = d.encoded[:0]
	sub.mu.RLock()
	defer sub.mu.RUnlock()
	if d.targets != nil && len(d.targets) < len(sub.members) {
		for _, s := range d.targets {
			if m := s.membershipOf(sub); m != nil && m.index >= 0 {
				d.toMember(sub, &sub.members[m.index])
			}
		}
	} else if d.ordered {
		for i := range sub.members {
			d.toMember(sub, &sub.members[i])
		}
	} else {
		for i := range sub.members {
			d.toClient(sub, &sub.members[i])
		}
	}
	return sub.locals
}

// admits reports whether the run is for a client.
func (d *fanout) admits(c *Client) bool {
	return c != d.publisher && (d.receivers.AdmitsAll() || d.receivers.Admits(c.session.Load().Receiver()))
}

func (d *fanout) toClient(sub *subscription, m *member) {
	if d.admits(m.client) {
		d.put(sub, m, unplaced, 0)
	}
}

// put queues the events of the run from the first on for a member at a place.
func (d *fanout) put(sub *subscription, m *member, at place, first int) {
	events := d.eventsAfter(sub, m.client.format, at, first)
	d.counts.Unsendable += events.Missing
	switch {
	case events.Frames == 0:
	case d.slow.Policy != outbox.SlowClose:
		d.putSkippable(sub, m, events)
	case m.client.counted(m.client.outbox.PutShared(events.Packet)) == outbox.Queued:
		d.counts.Put(events.Frames, len(events.Bytes))
	}
}

// sessionsOf returns the sessions with these ids, each once.
func (r *Realm) sessionsOf(ids []wamp.ID) []*Session {
	found := make([]*Session, 0, len(ids))
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, id := range ids {
		if s := r.sessions[id]; s != nil && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	return found
}

// eventBatch is the events of a run from one on, as clients of one format and one place get them.
type eventBatch struct {
	outbox.Batch
	place  place
	first  int
	single []singleEvent // of the same events; nil until a client is behind
}

// unplaced is the place of members whose events carry no positions: they share their events.
const unplaced place = 0

// maxShared bounds the batches of one subscription that are looked through.
const maxShared = 16

// eventsAfter returns the events of the run from the first on, for members at a place. They are encoded and framed for
// the first of these members and shared with all others.
func (d *fanout) eventsAfter(sub *subscription, f *outbox.Format, at place, first int) *eventBatch {
	for i := range d.encoded {
		if b := &d.encoded[i]; b.Format == f && b.place == at && b.first == first {
			return b
		}
	}
	if len(d.encoded) >= maxShared { // members that lists of receivers have told apart: few share the next one
		d.encoded = d.encoded[:maxShared-1]
	}
	d.encoded = append(d.encoded, eventBatch{Batch: outbox.Batch{Format: f}, place: at, first: first})
	made := &d.encoded[len(d.encoded)-1]
	scratch := outbox.GetScratch()
	defer scratch.Put()
	for i := first; i < len(d.all); i++ {
		d.encode(&made.Batch, scratch, d.placedEvent(sub, made, i), i)
		if made.Frames == 1 && i < len(d.all)-1 { // the other events are about as long
			made.Bytes = slices.Grow(made.Bytes, (len(made.Bytes)+8)*(len(d.all)-1-i))
		}
	}
	return made
}

// event returns the event of one publication for one subscription, without its payload.
func (d *fanout) event(sub *subscription, i int) wamp.Event {
	if d.remote {
		return *d.entries[i].Event(sub.info)
	}
	if d.ordered && d.entries[i].Seq != 0 {
		return *d.entries[i].Event(sub.info)
	}
	p := &d.all[i]
	details := p.details()
	if sub.info.Match != wamp.MatchExact {
		if details == nil {
			details = make(wamp.Dict, 1)
		}
		details["topic"] = string(p.Topic)
	}
	return wamp.Event{Subscription: sub.info.ID, Publication: p.ID, Details: details, Topic: p.Topic}
}

// encode adds the event of publication i to the events of a format.
func (d *fanout) encode(to *outbox.Batch, scratch *outbox.Scratch, event wamp.Event, i int) {
	var err error
	if event.Payload, err = d.payload(i, to.Format.Encoding.Serialization()); err != nil {
		to.Missing++
		return
	}
	encoded, err := to.Add(&event, scratch)
	if encoded {
		d.counts.Encodings++
	} else {
		d.router.options.Logger.Error("an event was not encoded", "topic", string(event.Topic), "error", err)
	}
}

// payload returns the payload of publication i. It converts it once for each serialization.
func (d *fanout) payload(i int, s wamp.Serialization) (wamp.Payload, error) {
	p := &d.all[i]
	if s == p.Payload.Serialization {
		return p.Payload, nil
	}
	if len(d.payloads) == 0 {
		d.payloads = slices.Grow(d.payloads, len(d.all))[:len(d.all)]
	}
	payload, now, err := d.payloads[i].In(s, &p.Payload)
	if now && err != nil {
		d.router.options.Logger.Debug("a payload cannot be expressed for some subscribers", "topic", string(p.Topic), "error", err)
	}
	return payload, err
}
