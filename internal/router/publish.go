package router

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Publication is one publication of a session, a component or the program.
type Publication struct {
	Topic     wamp.URI
	Payload   wamp.Payload
	Publisher *Session // nil: the server itself
	Filter    publication.Filter
	Disclose  peer.Disclosure // peer.DiscloseAlways names the publisher in the event
	ID        wamp.ID         // 0: a new one
	Passthru  wamp.Dict       // how to read the payload, if only clients can
	Retain    bool            // kept for later subscribers that ask for it, if the topic's Retention allows it
	Direct    bool            // not for the interceptor of its topic, which publishes it
	// Sender is named in the events as the origin of the publication. nil: the topic's events name none.
	Sender *peer.Identity

	publication.Kept // for topics that are kept; see [publication.Kept.By]

	request wamp.ID // of the PUBLISH in a batch that is to be acknowledged; 0: none
	refused error   // why it was not published
}

// Receipt is the result of a publication.
type Receipt struct {
	Publication wamp.ID
	Deliveries  int                  // events that were put into outboxes
	Repeated    bool                 // the same was published before, as Publication: nothing was delivered
	Position    publication.Position // after the publication; without an epoch it is not kept
}

// Publish keeps the publication, if that is to be done, and delivers it to all subscribers that it admits, before it
// returns. It is trusted: no Authorizer is asked, reserved topics are allowed, and the URI is not checked. It fails
// only if the journal does; then the publication is not delivered.
func (r *Realm) Publish(p Publication) (Receipt, error) {
	all := [1]Publication{p}
	assignIDs(all[:])
	if r.broker.intercepted(all[:]) {
		return Receipt{Publication: all[0].ID}, nil
	}
	if kept := r.keptRun(all[:]); kept != nil {
		if _, err := r.publishKept(kept); err != nil {
			return Receipt{}, err
		}
		return r.receipt(kept), nil
	}
	events, err := r.publishAll(all[:])
	return Receipt{Publication: all[0].ID, Deliveries: events}, err
}

// PublishAll publishes several publications in their order, as Publish does with one: those that are kept are stored
// together. Adjacent ones of one topic must have the same publisher and lists of receivers. It returns the number of
// events.
func (r *Realm) PublishAll(all []Publication) (events int, err error) { return r.publishAll(all) }

// publishAll delivers publications of one publisher in their order. Adjacent publications of one topic are a run, and
// go out together: they must have the same lists of receivers. Adjacent runs that are kept are stored together.
func (r *Realm) publishAll(all []Publication) (events int, err error) {
	began := time.Now()
	d := getFanout(r)
	defer d.release()
	var waiting []*keptRun
	flush := func() {
		if len(waiting) == 0 {
			return
		}
		n, failure := r.publishKept(waiting...)
		events, err, waiting = events+n, errors.Join(err, failure), nil
	}
	for rest := all; len(rest) > 0; {
		run := rest[:sameTopic(rest)]
		rest = rest[len(run):]
		assignIDs(run)
		if r.broker.intercepted(run) {
			continue
		}
		if kept := r.keptRun(run); kept != nil {
			waiting = append(waiting, kept)
			continue
		}
		flush()
		d.deliver(run, nil)
	}
	flush()
	r.router.counters.AddFanout(&d.counts, time.Since(began), r.router.options.Probe)
	return events + d.counts.Events, err
}

// Deliver delivers a publication that has been published on another node, and returns the number of events. It goes to
// the sessions of this node that it admits. It keeps its id and its details, which tell what the events disclose of the
// publisher. Deliver keeps nothing in the journal and relays nothing. Components do not get the publication: they have
// acted on the node where it was published.
func (r *Realm) Deliver(e *publication.Entry) (events int) {
	began := time.Now()
	d := getFanout(r)
	defer d.release()
	d.remote = true
	run := [1]Publication{{Topic: e.Topic, Payload: e.Payload, Filter: e.Filter, ID: e.Publication}}
	if e.Publisher != 0 {
		run[0].Publisher, _ = r.Session(e.Publisher) // left out if it is a session of this node
	}
	d.deliver(run[:], []*publication.Entry{e})
	r.router.counters.AddFanout(&d.counts, time.Since(began), r.router.options.Probe)
	return d.counts.Events
}

// sameTopic returns how many of the first publications have one topic. One that may be a repeated or older one stands
// alone.
func sameTopic(all []Publication) int {
	for i := range all {
		if i > 0 && (all[i].Topic != all[0].Topic || all[i].stands() || all[0].stands()) {
			return i
		}
	}
	return len(all)
}

// stands reports whether the publication may turn out to be repeated, or older than another one.
func (p *Publication) stands() bool { return p.IdempotencyKey != "" || p.Version != 0 }

func assignIDs(all []Publication) {
	for i := range all {
		if all[i].ID == 0 {
			all[i].ID = wamp.NewGlobalID()
		}
	}
}

// details returns the details that are the same for every subscription, or nil.
func (p *Publication) details() wamp.Dict {
	if p.Passthru == nil && p.Sender == nil && p.Disclose != peer.DiscloseAlways && (p.Publisher == nil || len(p.Publisher.realm.router.settings.Load().TrustLevels) == 0) {
		return nil
	}
	details := wamp.Dict{}
	maps.Copy(details, p.Passthru)
	if p.Sender != nil {
		details["_sender"] = p.Sender.Stamp()
	}
	if s := p.Publisher; s != nil {
		s.Identity().TrustLevel(details, s.realm.router.settings.Load().TrustLevels)
		if p.Disclose == peer.DiscloseAlways {
			s.Identity().Disclose(details, "publisher", s.id)
		}
	}
	return details
}

// publish handles PUBLISH. It answers only a publisher that asks for an acknowledgement.
func (s *Session) publish(ctx context.Context, m *wamp.Publish) error {
	c := s.client
	request := Request{Session: s, Action: peer.Publish, URI: m.Topic, Payload: m.Payload}
	plain := len(m.Options) == 0
	if plain || s.sharesAppend(m) {
		decision, isCached := s.cached(&request)
		switch {
		case isCached && plain: // the usual case, which cannot fail
			p := Publication{Topic: m.Topic, Payload: m.Payload, Publisher: s, Disclose: s.realm.router.options.Disclosure.Default()}
			if decision.Stamped {
				p.Sender = s.Identity()
			}
			c.enqueue(p)
			return nil
		case isCached:
			return s.publishShared(ctx, m)
		}
	}
	c.flushBatch() // this publication must not overtake the batch, and the batch must not wait for the Authorizer
	if err := s.checkPassthru(m.Options, peer.PublisherPassthru); err != nil {
		return err
	}
	var receipt Receipt
	publication, err := s.publication(ctx, m)
	if err == nil {
		receipt, err = s.realm.Publish(publication)
	}
	if err != nil {
		s.refusePublication(m, err)
		return nil
	}
	if acknowledge, _ := m.Options.Bool("acknowledge"); !acknowledge {
		return nil
	}
	c.send(&wamp.Published{Request: m.Request, Publication: receipt.Publication})
	return nil
}

// publication returns what a PUBLISH asks for, if that is allowed.
func (s *Session) publication(ctx context.Context, m *wamp.Publish) (Publication, error) {
	disclose, err := s.realm.router.options.Disclosure.Decide(m.Options)
	if err != nil {
		return Publication{}, err
	}
	filter := publication.ParseFilter(m.Options)
	if err := filter.Check(s.realm.router.limits().Receivers); err != nil {
		return Publication{}, err
	}
	as, err := peer.ParseSender(m.Options)
	if err != nil {
		return Publication{}, err
	}
	decision, err := s.authorize(ctx, Request{Session: s, Action: peer.Publish, URI: m.Topic, Payload: m.Payload, As: as != nil})
	if err != nil {
		return Publication{}, err
	}
	payload, passthru := m.Payload, m.Options.Passthru()
	if decision.Payload != nil { // the Authorizer's payload is readable for all
		payload, passthru = *decision.Payload, nil
	}
	retain, _ := m.Options.Bool("retain")
	p := Publication{
		Topic:     m.Topic,
		Payload:   payload,
		Publisher: s,
		Filter:    filter,
		Disclose:  disclose,
		Passthru:  passthru,
		Retain:    retain,
	}
	if p.Sender, err = decision.Sender(s.Identity(), as); err != nil {
		return Publication{}, err
	}
	kept, err := publication.ParseKept(m.Options)
	if err != nil {
		return Publication{}, err
	}
	if p.Kept, err = kept.By(s.Receiver().By()); err != nil {
		return Publication{}, err
	}
	return p, s.realm.CheckKept(&p)
}

// CheckKept refuses a publication whose key, deletion or version its topic cannot keep.
func (r *Realm) CheckKept(p *Publication) error {
	kept := &p.Kept
	if kept.Plain() {
		return nil
	}
	return kept.Check(p.Topic, r.keepOf(p.Topic))
}

// Publication returns what the session would publish with m, after the same checks as for the session's own PUBLISH.
// See [Realm.Authorize] for the goroutine that may call it.
func (s *Session) Publication(ctx context.Context, m *wamp.Publish) (Publication, error) {
	if err := s.checkPassthru(m.Options, peer.PublisherPassthru); err != nil {
		return Publication{}, err
	}
	return s.publication(ctx, m)
}
