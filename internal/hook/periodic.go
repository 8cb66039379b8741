package hook

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Publisher publishes in a realm and observes the subscriptions there.
type Publisher interface {
	Publish(publication router.Publication) (router.Receipt, error)
	Observe(observer router.Observer) (cancel func())
	Subscriptions() []router.SubscriptionInfo
	Subscribers(topic wamp.URI) int
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
	changed   chan struct{} // the earliest due time may have changed

	mu     sync.Mutex // guards the fields below; not held while calling the realm
	queue  queue
	active map[target]*entry
}

// target is one topic of one schedule.
type target struct {
	schedule int
	topic    wamp.URI
}

// NewPeriodic returns periodic publications. Run starts them.
func NewPeriodic(realm Publisher, schedules []Schedule) *Periodic {
	return &Periodic{realm: realm, schedules: schedules, changed: make(chan struct{}, 1), active: make(map[target]*entry)}
}

// Run publishes until ctx ends.
func (p *Periodic) Run(ctx context.Context) error {
	if len(p.schedules) == 0 {
		<-ctx.Done()
		return nil
	}
	cancel := p.realm.Observe(p)
	defer cancel()
	for _, s := range p.realm.Subscriptions() { // made before Observe
		p.subscribed(s.Subscription)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Stop()
		if wait, ok := p.untilNext(); ok {
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.changed:
		case <-timer.C:
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
	if p.realm.Subscribers(at.topic) > 0 {
		return false
	}
	p.mu.Lock()
	p.stopLocked(at)
	p.mu.Unlock()
	if p.realm.Subscribers(at.topic) > 0 {
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
		if !ok || s.Match != wamp.MatchExact && p.realm.Subscribers(topic) == 0 {
			continue
		}
		p.start(target{i, topic})
	}
}

func (p *Periodic) start(at target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active[at] != nil {
		return
	}
	e := &entry{target: at, due: time.Now().Add(p.schedules[at.schedule].Every)}
	p.active[at] = e
	heap.Push(&p.queue, e)
	if e.index == 0 {
		select {
		case p.changed <- struct{}{}:
		default: // already signaled
		}
	}
}

// stopLocked removes the entry of a target. Caller must hold mu.
func (p *Periodic) stopLocked(at target) {
	if e := p.active[at]; e != nil {
		delete(p.active, at)
		heap.Remove(&p.queue, e.index)
	}
}

// untilNext returns the time until the earliest entry is due; ok is false without entries.
func (p *Periodic) untilNext() (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return 0, false
	}
	return time.Until(p.queue[0].due), true
}

// publishDue publishes on every target that is due. A target whose last subscription by a pattern has
// ended stops here.
func (p *Periodic) publishDue() {
	for _, at := range p.takeDue(time.Now()) {
		if !p.stopIfUnused(at) {
			// A failure is in the router's log, and the next time is due anyway.
			_, _ = p.realm.Publish(router.Publication{Topic: at.topic, Payload: p.schedules[at.schedule].Payload})
		}
	}
}

// takeDue returns the targets that are due and sets their next times. It skips times that were
// missed, as on a machine that slept.
func (p *Periodic) takeDue(now time.Time) []target {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []target
	for len(p.queue) > 0 && !p.queue[0].due.After(now) {
		e := p.queue[0]
		due = append(due, e.target)
		every := p.schedules[e.schedule].Every
		if e.due = e.due.Add(every); !e.due.After(now) {
			e.due = now.Add(every)
		}
		heap.Fix(&p.queue, 0)
	}
	return due
}

// entry holds the next due time of a target.
type entry struct {
	target
	due   time.Time
	index int // in the heap
}

// queue is a heap with the earliest entry first.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements [heap.Interface].
func (q *queue) Push(x any) {
	added := x.(*entry)
	added.index = len(*q)
	*q = append(*q, added)
}

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
