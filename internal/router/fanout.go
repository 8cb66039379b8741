package router

import (
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// fanout is publications on their way to the subscriptions that they match, run by run: those of one
// topic that follow one another, for the same receivers.
type fanout struct {
	router *Router
	realm  *Realm

	// Of the run at hand.
	all       []Publication
	receivers matcher
	targets   []*Session      // the only ones that can be admitted, if they are few; nil: look at all
	matched   []*subscription // that the topic matches
	payloads  []payloads      // of all, made when one is first needed in another serialization
	encoded   []encoded       // of the subscription at hand
	before    int             // events
	entries   []*Entry        // of all; nil: not made yet
	ordered   bool            // of a kept topic: events of local subscribers are queued
	remote    bool            // of another node: details are those of entries, and local subscribers do not get it
	locals    []*localSubscriber

	// Of all runs.
	runs       []topicRun
	events     int
	puts       int
	encodings  int
	unsendable int
}

// topicRun is what became of one.
type topicRun struct{ publications, events int }

// payloads are one publication's in each serialization, made when first needed.
type payloads [wamp.Serializations]*converted

type converted struct {
	payload wamp.Payload
	err     error
}

// encoded is the events of one subscription in one format, shared by all its clients.
type encoded struct {
	format *format
	outbox.Packet
	missing int // events that the format cannot express
}

// fanoutPool are recycled: with the memory for what they have found and encoded.
var fanoutPool = sync.Pool{New: func() any { return new(fanout) }}

func getFanout(r *Realm) *fanout {
	d := fanoutPool.Get().(*fanout)
	d.router, d.realm = r.router, r
	return d
}

// deliver delivers a run of publications. entries are those of the run, if they exist.
func (d *fanout) deliver(run []Publication, entries []*Entry) {
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
	d.all, d.before = all, d.events
	d.receivers = first.Filter.matcher(first.Publisher)
	d.targets = nil
	if first.Filter.Eligible != nil && len(first.Filter.Eligible) < setThreshold {
		d.targets = d.realm.sessionsOf(first.Filter.Eligible)
	}
	d.matched = d.realm.broker.match(d.matched[:0], first.Topic)
}

// endRun leaves nothing of a run to the next.
func (d *fanout) endRun() {
	d.runs = append(d.runs, topicRun{len(d.all), d.events - d.before})
	d.abortRun()
}

// abortRun forgets a run, also one that was broken off.
func (d *fanout) abortRun() {
	clear(d.matched)
	clear(d.payloads)
	d.payloads = d.payloads[:0]
	d.entries = nil
}

func (d *fanout) put() {
	d.abortRun()
	clear(d.encoded[:cap(d.encoded)])
	clear(d.locals[:cap(d.locals)])
	*d = fanout{matched: d.matched[:0], encoded: d.encoded[:0], payloads: d.payloads[:0], runs: d.runs[:0], locals: d.locals[:0]}
	fanoutPool.Put(d)
}

// toSubscription delivers to one subscription. The lock is for reading: several publishers deliver at once, and
// who subscribes or unsubscribes waits, so that no event comes before SUBSCRIBED or after UNSUBSCRIBED.
func (d *fanout) toSubscription(sub *subscription) {
	locals := d.toMembers(sub)
	if d.remote {
		return
	}
	for _, local := range locals {
		d.toLocal(local)
	}
}

// toLocal passes the run to a local subscriber. Those of kept topics are queued: the component may publish to the same
// topic, and has to wait for its turn then.
func (d *fanout) toLocal(local *localSubscriber) {
	for i := range d.all {
		p := &d.all[i]
		event := LocalEvent{Topic: p.Topic, Publication: p.ID, Payload: p.Payload, Publisher: p.Publisher}
		if !d.ordered {
			local.deliver(event)
			continue
		}
		event.Payload = d.entries[i].Payload // it outlasts the publisher's frame
		local.push(event)
	}
	if d.ordered {
		d.locals = append(d.locals, local)
	}
}

func (d *fanout) toMembers(sub *subscription) []*localSubscriber {
	d.encoded = d.encoded[:0]
	sub.mu.RLock()
	defer sub.mu.RUnlock()
	if d.targets != nil && len(d.targets) < len(sub.members) {
		for _, s := range d.targets {
			if s.holds(sub) {
				d.toClient(sub, s.client)
			}
		}
	} else {
		for i := range sub.members {
			d.toClient(sub, sub.members[i].client)
		}
	}
	if sub.catching != nil {
		d.toCatchingUp(sub)
	}
	return sub.locals
}

func (d *fanout) toClient(sub *subscription, c *Client) {
	if !d.receivers.admits(c) {
		return
	}
	events := d.eventsFor(sub, c.format)
	d.unsendable += events.missing
	if events.Frames > 0 && c.put(events.Packet) {
		d.events += events.Frames
		d.puts++
	}
}

// holds reports whether the session is a member of sub, whose lock is held.
func (s *Session) holds(sub *subscription) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return slices.ContainsFunc(s.memberships, func(m *membership) bool { return m.subscription == sub && m.index >= 0 })
}

// sessionsOf finds who is here of a few, each once.
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

// eventsFor gives the bytes for a client of that format: encoded and framed for the first, shared with all
// others.
func (d *fanout) eventsFor(sub *subscription, f *format) *encoded {
	for i := range d.encoded {
		if d.encoded[i].format == f {
			return &d.encoded[i]
		}
	}
	d.encoded = append(d.encoded, encoded{format: f})
	made := &d.encoded[len(d.encoded)-1]
	scratch := getScratch()
	defer scratch.put()
	for i := range d.all {
		d.encode(made, scratch, d.event(sub, i), i)
		if made.Frames == 1 && i < len(d.all)-1 { // the others are about as long
			made.Bytes = slices.Grow(made.Bytes, (len(made.Bytes)+8)*(len(d.all)-1-i))
		}
	}
	return made
}

// event is one publication for one subscription.
func (d *fanout) event(sub *subscription, i int) wamp.Event {
	if d.remote {
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

// encode adds the event of the publication i to those of a format.
func (d *fanout) encode(to *encoded, scratch *scratch, event wamp.Event, i int) {
	var err error
	if event.Payload, err = d.payload(i, to.format.Encoding.Serialization()); err != nil {
		to.missing++
		return
	}
	message, err := to.format.Encoding.Append(scratch.bytes, &event)
	if err != nil {
		d.router.options.Logger.Error("an event was not encoded", "topic", string(event.Topic), "error", err)
		to.missing++
		return
	}
	d.encodings++
	scratch.keep(message)
	var fits bool
	if to.Bytes, fits = to.format.frame(to.Bytes, message); !fits {
		to.missing++
		return
	}
	to.Frames++
}

// payload converts once for each serialization.
func (d *fanout) payload(i int, s wamp.Serialization) (wamp.Payload, error) {
	p := &d.all[i]
	if s == p.Payload.Serialization {
		return p.Payload, nil
	}
	if len(d.payloads) == 0 {
		d.payloads = slices.Grow(d.payloads, len(d.all))[:len(d.all)]
	}
	made := &d.payloads[i][s]
	if *made == nil {
		payload, err := p.Payload.In(s)
		if err != nil {
			d.router.options.Logger.Debug("a payload cannot be expressed for some subscribers",
				"topic", string(p.Topic), "error", err)
		}
		*made = &converted{payload, err}
	}
	return (*made).payload, (*made).err
}
