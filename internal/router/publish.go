package router

import (
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
	all := [1]Publication{p}
	events := r.deliver(all[:])
	return Receipt{Publication: all[0].ID, Deliveries: events}
}

// deliver delivers publications of one publisher in their order. Those of one topic that follow one another
// go out together, if they are for the same receivers: who delivers several says so.
func (r *Realm) deliver(all []Publication) (events int) {
	began := time.Now()
	d := borrowDelivery(r)
	defer d.giveBack()
	for rest := all; len(rest) > 0; {
		count := sameTopic(rest)
		r.identify(rest[:count])
		d.begin(rest[:count])
		for _, sub := range d.matched {
			d.to(sub)
		}
		d.end()
		rest = rest[count:]
	}
	r.router.delivered(d, time.Since(began))
	return d.events
}

// sameTopic is how many of the first have one topic.
func sameTopic(all []Publication) int {
	for i := range all {
		if all[i].Topic != all[0].Topic {
			return i
		}
	}
	return len(all)
}

// identify gives publications their ids, and keeps what is to be kept.
func (r *Realm) identify(all []Publication) {
	for i := range all {
		if all[i].ID == 0 {
			all[i].ID = wamp.NewGlobalID()
		}
		if all[i].Retain || r.router.options.Keeping != nil {
			r.keep(&all[i])
		}
	}
}

// delivered counts.
func (r *Router) delivered(d *delivery, took time.Duration) {
	r.counters.events.Add(uint64(d.events))
	r.counters.puts.Add(uint64(d.puts))
	r.counters.encodings.Add(uint64(d.encodings))
	r.counters.unsendable.Add(uint64(d.unsendable))
	for _, run := range d.runs {
		r.counters.publications.Add(uint64(run.publications))
		if r.options.Probe == nil {
			continue
		}
		for range run.publications { // each took as long as all
			r.options.Probe.Published(took, run.events/run.publications)
		}
	}
}

// details are the same for every subscription. nil: there are none.
func (p *Publication) details() wamp.Dict {
	if p.Passthru == nil && p.Disclose != DiscloseAlways && (p.Publisher == nil || len(p.Publisher.realm.router.options.TrustLevels) == 0) {
		return nil
	}
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
