package hook

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Publisher publishes in a realm and observes the subscriptions there.
type Publisher interface {
	Publish(publication router.Publication) (router.Receipt, error)
	Observe(observer router.Observer) (cancel func())
	Subscriptions() []router.SubscriptionInfo
	MayReach(topic wamp.URI) bool
}

// Schedule is a periodic publication on the topics of one contract.
type Schedule struct {
	// Match reports whether a topic belongs to the contract.
	Match func(topic string) bool
	// Topic is the contract's only topic, or "" if the contract has parameters. Subscriptions by a
	// pattern count for Topic, too.
	Topic   wamp.URI
	Every   time.Duration
	Payload wamp.Payload
}

// Periodic publishes each schedule on each topic that has subscribers. The first publication comes
// one interval after the first subscription. One goroutine serves all schedules.
type Periodic struct {
	router.NoObserver
	realm     Publisher
	schedules []Schedule
	active    queue.Deadlines[target] // the next publication of each
	due       chan struct{}           // one has come
}

// target is one topic of one schedule.
type target struct {
	schedule int
	topic    wamp.URI
}

// NewPeriodic returns periodic publications. Run starts them.
func NewPeriodic(realm Publisher, schedules []Schedule) *Periodic {
	p := &Periodic{realm: realm, schedules: schedules, due: make(chan struct{}, 1)}
	p.active.Init(p.signal)
	return p
}

// signal tells Run that a publication is due.
func (p *Periodic) signal() {
	select {
	case p.due <- struct{}{}:
	default: // already signaled
	}
}

// Run publishes until ctx ends.
func (p *Periodic) Run(ctx context.Context) error {
	if len(p.schedules) == 0 {
		<-ctx.Done()
		return nil
	}
	defer p.active.Stop()
	cancel := p.realm.Observe(p)
	defer cancel()
	for _, s := range p.realm.Subscriptions() { // made before Observe
		p.subscribed(s.Subscription)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.due:
			p.publishDue()
		}
	}
}

// Subscribed implements [router.Observer].
func (p *Periodic) Subscribed(_ *router.Session, s wamp.Subscription) { p.subscribed(s) }

// Unsubscribed implements [router.Observer].
func (p *Periodic) Unsubscribed(_ *router.Session, s wamp.Subscription) {
	for i := range p.schedules {
		if topic, ok := p.topicOf(i, s); ok {
			p.stopIfUnused(target{i, topic})
		}
	}
}

// stopIfUnused stops the publications on a topic without subscribers and reports whether it did. It
// counts the subscribers again afterwards: a subscription made meanwhile found the entry and started
// none.
func (p *Periodic) stopIfUnused(at target) (stopped bool) {
	if p.realm.MayReach(at.topic) {
		return false
	}
	p.active.Set(at, time.Time{})
	if p.realm.MayReach(at.topic) {
		p.start(at)
	}
	return true
}

// topicOf returns the topic of a schedule that a subscription may match. For a pattern only the realm
// knows whether the pattern does.
func (p *Periodic) topicOf(schedule int, s wamp.Subscription) (wamp.URI, bool) {
	c := &p.schedules[schedule]
	if s.Match == wamp.MatchExact {
		return s.Topic, c.Match(string(s.Topic))
	}
	return c.Topic, c.Topic != ""
}

func (p *Periodic) subscribed(s wamp.Subscription) {
	for i := range p.schedules {
		topic, ok := p.topicOf(i, s)
		if !ok || s.Match != wamp.MatchExact && !p.realm.MayReach(topic) {
			continue
		}
		p.start(target{i, topic})
	}
}

func (p *Periodic) start(at target) {
	p.active.Add(at, time.Now().Add(p.schedules[at.schedule].Every))
}

// publishDue publishes on every target that is due, and sets their next times. It skips times that were missed, as on a
// machine that slept. A target whose last subscription by a pattern has ended stops here.
func (p *Periodic) publishDue() {
	now := time.Now()
	next := func(at target, due time.Time) time.Time {
		every := p.schedules[at.schedule].Every
		if due = due.Add(every); due.After(now) {
			return due
		}
		return now.Add(every)
	}
	for _, at := range p.active.TakeDue(now, next) {
		if !p.stopIfUnused(at) {
			// A failure is in the router's log, and the next time is due anyway.
			_, _ = p.realm.Publish(router.Publication{Topic: at.topic, Payload: p.schedules[at.schedule].Payload})
		}
	}
}
