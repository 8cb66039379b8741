package router

import (
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Publication is what a component or a session publishes.
type Publication struct {
	Topic     wamp.URI
	Payload   wamp.Payload
	Publisher *Session // nil: the server itself
	Filter    Filter
	Disclose  Disclosure // DiscloseAlways names the publisher in the event
	ID        wamp.ID    // 0: a new one
	Passthru  wamp.Dict  // how to read the payload, if only clients can
	Retain    bool       // for who subscribes later and asks, if the topic's Keeping allows it
}

// Receipt is what became of a publication.
type Receipt struct {
	Publication wamp.ID
	Deliveries  int // events put into outboxes
}

// Publish delivers to everybody who is subscribed and admitted, before it returns. It is trusted:
// no Authorizer is asked, reserved topics are allowed, and the URI is not checked.
func (r *Realm) Publish(p Publication) Receipt {
	began := time.Now()
	if p.ID == 0 {
		p.ID = wamp.NewGlobalID()
	}
	if p.Retain || r.router.options.Keeping != nil {
		r.keep(&p)
	}
	var room [8]*subscription
	d := delivery{
		Publication: p,
		router:      r.router,
		receivers:   p.Filter.matcher(p.Publisher),
	}
	if p.Filter.Eligible != nil && len(p.Filter.Eligible) < setThreshold {
		d.targets = r.sessionsOf(p.Filter.Eligible)
	}
	for _, sub := range r.broker.match(room[:0], p.Topic) {
		d.to(sub)
	}
	counters := &r.router.counters
	counters.publications.Add(1)
	counters.events.Add(uint64(d.events))
	counters.encodings.Add(uint64(d.encodings))
	counters.unsendable.Add(uint64(d.unsendable))
	if probe := r.router.options.Probe; probe != nil {
		probe.Published(time.Since(began), d.events)
	}
	return Receipt{Publication: p.ID, Deliveries: d.events}
}

// delivery is one publication on its way to the subscriptions that it matches.
type delivery struct {
	Publication
	router    *Router
	receivers matcher
	targets   []*Session // the only ones that can be admitted, if they are few; nil: look at all

	payloads [wamp.Serializations]*converted // one for each serialization, made when first needed
	frames   []encoded                       // of the subscription at hand

	events     int
	encodings  int
	unsendable int
}

type converted struct {
	payload wamp.Payload
	err     error
}

// encoded is the event of one subscription in one format, shared by all its clients.
type encoded struct {
	format *format
	frame  []byte // nil: the format cannot express the payload
}

// to delivers to one subscription. The lock is for reading: several publishers deliver at once, and
// who subscribes or unsubscribes waits, so that no event comes before SUBSCRIBED or after UNSUBSCRIBED.
func (d *delivery) to(sub *subscription) {
	for _, local := range d.toMembers(sub) {
		local.deliver(Delivery{Topic: d.Topic, Publication: d.ID, Payload: d.Payload, Publisher: d.Publisher})
	}
}

func (d *delivery) toMembers(sub *subscription) []*localSubscriber {
	d.frames = d.frames[:0]
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
	return sub.locals
}

func (d *delivery) toClient(sub *subscription, c *Client) {
	if !d.receivers.admits(c) {
		return
	}
	frame := d.frame(sub, c.format)
	switch {
	case frame == nil:
		d.unsendable++
	case c.put(frame):
		d.events++
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

// frame gives the bytes for a client of that format: encoded and framed for the first, shared with
// all others.
func (d *delivery) frame(sub *subscription, f *format) []byte {
	for i := range d.frames {
		if d.frames[i].format == f {
			return d.frames[i].frame
		}
	}
	frame := d.encode(sub, f)
	d.frames = append(d.frames, encoded{format: f, frame: frame})
	return frame
}

func (d *delivery) encode(sub *subscription, f *format) []byte {
	payload, err := d.payload(f.Encoding.Serialization())
	if err != nil {
		return nil
	}
	message, err := f.Encoding.Append(nil, &wamp.Event{
		Subscription: sub.info.ID,
		Publication:  d.ID,
		Details:      d.details(sub),
		Payload:      payload,
		Topic:        d.Topic,
	})
	if err != nil {
		d.router.options.Logger.Error("an event was not encoded", "topic", string(d.Topic), "error", err)
		return nil
	}
	d.encodings++
	return f.frame(message)
}

// payload converts once for each serialization.
func (d *delivery) payload(s wamp.Serialization) (wamp.Payload, error) {
	if d.payloads[s] == nil {
		payload, err := d.Payload.In(s)
		if err != nil {
			d.router.options.Logger.Debug("a payload cannot be expressed for some subscribers",
				"topic", string(d.Topic), "error", err)
		}
		d.payloads[s] = &converted{payload, err}
	}
	return d.payloads[s].payload, d.payloads[s].err
}

// details belong to this subscription's event alone: what is shared is only ever the bytes.
func (d *delivery) details(sub *subscription) wamp.Dict {
	details := d.Publication.details()
	if sub.info.Match != wamp.MatchExact {
		details["topic"] = string(d.Topic)
	}
	return details
}

// details are the same for every subscription.
func (p *Publication) details() wamp.Dict {
	details := detailsOf(p.Passthru)
	if p.Publisher != nil {
		if level, given := p.Publisher.trust(); given {
			details["trustlevel"] = int64(level)
		}
	}
	if p.Disclose == DiscloseAlways && p.Publisher != nil {
		details["publisher"] = int64(p.Publisher.id)
		details["publisher_authid"] = p.Publisher.identity.ID
		details["publisher_authrole"] = p.Publisher.identity.Role()
	}
	return details
}
