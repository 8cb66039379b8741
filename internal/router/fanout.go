package router

import (
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router/encode"
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
	events    encode.Run           // of the current subscription
	entries   []*publication.Entry // of all publications; nil if the run is neither kept nor remote
	ordered   bool                 // the topic is kept: events of local subscribers are queued
	remote    bool                 // the run is of another node: local subscribers do not get it
	locals    []*localSubscriber   // have queued events
	slow      outbox.Slow          // for clients that do not keep up

	counts meter.Fanout // of all runs
}

// fanoutPool recycles fan-outs with their arrays.
var fanoutPool = sync.Pool{New: func() any { return new(fanout) }}

func getFanout(r *Realm) *fanout {
	d := fanoutPool.Get().(*fanout)
	d.router, d.realm = r.router, r
	d.events.Reset(encode.Source{Publications: d, Journal: r.journal, Log: r.router.options.Logger})
	return d
}

// deliver delivers a run of publications. entries are those of the run, or nil.
func (d *fanout) deliver(run []Publication, entries []*publication.Entry) {
	d.beginRun(run, entries)
	for _, sub := range d.matched {
		d.toSubscription(sub)
	}
	d.endRun()
}

// beginRun prepares for a run of publications.
func (d *fanout) beginRun(all []Publication, entries []*publication.Entry) {
	first := &all[0]
	d.all, d.entries = all, entries
	d.events.Begin(len(all), entries)
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
	d.matched = d.realm.broker.subscriptions.Match(d.matched[:0], first.Topic)
}

// endRun counts a run and forgets it.
func (d *fanout) endRun() {
	d.counts.End(len(d.all))
	d.abortRun()
}

// abortRun forgets a run, also one that was broken off.
func (d *fanout) abortRun() {
	clear(d.matched)
	d.counts.Encodings += d.events.Encoded
	d.events.Encoded = 0
	d.events.End()
	d.entries = nil
}

func (d *fanout) release() {
	d.abortRun()
	d.events.Release()
	clear(d.locals[:cap(d.locals)])
	if d.counts.Puts > 0 {
		d.router.senders.Outboxes.Put.Add(int64(d.counts.Bytes))
		d.router.senders.CheckTotal()
	}
	d.counts.Reset()
	*d = fanout{matched: d.matched[:0], events: d.events, counts: d.counts, locals: d.locals[:0]}
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
		event := d.all[i].local()
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
	d.events.For(sub.info)
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
		d.put(sub, m, encode.Unplaced, 0)
	}
}

// toMember delivers a run of kept publications to a member, as far as they are behind its place. Caller must hold
// sub.mu for reading, and be the one fan-out of kept publications that runs.
func (d *fanout) toMember(sub *subscription, m *member) {
	if !d.ordered {
		d.toClient(sub, m)
		return
	}
	first := d.events.FirstAfter(m.place)
	if first == len(d.all) || !d.admits(m.client) {
		return
	}
	at := encode.Unplaced
	if m.place.Positions() {
		at = m.place
	}
	d.put(sub, m, at, first)
	if last := d.entries[len(d.all)-1].Seq; last != 0 && at != encode.Unplaced {
		m.place = m.place.At(last)
	}
}

// put queues the events of the run from the first on for a member at a place.
func (d *fanout) put(sub *subscription, m *member, at encode.Place, first int) {
	events := d.events.After(m.client.sender.Format, at, first)
	d.counts.Unsendable += events.Missing
	switch {
	case events.Frames == 0:
	case d.slow.Policy != outbox.SlowClose:
		d.putSkippable(sub, m, events)
	case m.client.sender.Counted(m.client.sender.Outbox.PutShared(events.Packet)) == outbox.Queued:
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

// Event returns the event of one publication of the run, without the subscription.
func (d *fanout) Event(i int) wamp.Event {
	if d.remote { // its details tell what is disclosed of the publisher
		return *d.entries[i].Event(wamp.Subscription{})
	}
	p := &d.all[i]
	return wamp.Event{Publication: p.ID, Details: p.details(), Payload: p.Payload, Topic: p.Topic}
}
