package handler

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Publisher is the part of [router.Realm] that periodic publications need.
type Publisher interface {
	Publish(publication router.Publication) router.Receipt
	Observe(observer router.Observer) (cancel func())
	Subscriptions() []router.SubscriptionInfo
	Subscribers(topic wamp.URI) int
}

// Schedule is a periodic publication on the topics of one contract.
type Schedule struct {
	// Match tells whether a topic is one of them.
	Match func(topic string) bool
	// Topic is the only one, if the contract has no parameters; "" if it has. Then those who
	// subscribe by a pattern listen to it, too.
	Topic   wamp.URI
	Every   time.Duration
	Payload wamp.Payload
}

// Periodic publishes each schedule on each topic that somebody listens to, and on no other: the
// first time an interval after the first subscriber came. One goroutine serves all of them.
type Periodic struct {
	router.NoObserver
	realm     Publisher
	schedules []Schedule
	changed   chan struct{} // the earliest turn may have changed

	mu     sync.Mutex // guards what follows; never held while calling the realm
	turns  turns
	active map[place]*turn
}

// place is one topic of one schedule.
type place struct {
	schedule int
	topic    wamp.URI
}

// NewPeriodic makes periodic publications. They begin with Run.
func NewPeriodic(realm Publisher, schedules []Schedule) *Periodic {
	return &Periodic{realm: realm, schedules: schedules, changed: make(chan struct{}, 1), active: make(map[place]*turn)}
}

// Run publishes until ctx ends.
func (p *Periodic) Run(ctx context.Context) error {
	if len(p.schedules) == 0 {
		<-ctx.Done()
		return nil
	}
	cancel := p.realm.Observe(p)
	defer cancel()
	for _, s := range p.realm.Subscriptions() { // who came before
		p.listened(s.Subscription)
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
func (p *Periodic) Subscribed(_ *router.Session, s router.Subscription) { p.listened(s) }

// Unsubscribed implements [router.Observer].
func (p *Periodic) Unsubscribed(_ *router.Session, s router.Subscription) {
	for i := range p.schedules {
		if topic, ok := p.concerned(i, s); ok {
			p.stopUnheard(place{i, topic})
		}
	}
}

// stopUnheard ends a turn unless somebody listens. Who comes at the same moment finds the turn still
// there and starts none, so it is looked at once more.
func (p *Periodic) stopUnheard(at place) (stopped bool) {
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

// concerned gives the topic of a schedule that a subscription may listen to. Whether it does is for
// the realm to say: it knows how patterns match.
func (p *Periodic) concerned(schedule int, s router.Subscription) (wamp.URI, bool) {
	c := &p.schedules[schedule]
	if s.Match == wamp.MatchExact {
		return s.Topic, c.Match(string(s.Topic))
	}
	return c.Topic, c.Topic != ""
}

func (p *Periodic) listened(s router.Subscription) {
	for i := range p.schedules {
		topic, ok := p.concerned(i, s)
		if !ok || s.Match != wamp.MatchExact && p.realm.Subscribers(topic) == 0 {
			continue
		}
		p.start(place{i, topic})
	}
}

func (p *Periodic) start(at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active[at] != nil {
		return
	}
	t := &turn{place: at, due: time.Now().Add(p.schedules[at.schedule].Every)}
	p.active[at] = t
	heap.Push(&p.turns, t)
	if t.index == 0 {
		select {
		case p.changed <- struct{}{}:
		default: // it is known already
		}
	}
}

func (p *Periodic) stopLocked(at place) {
	if t := p.active[at]; t != nil {
		delete(p.active, at)
		heap.Remove(&p.turns, t.index)
	}
}

func (p *Periodic) untilNext() (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.turns) == 0 {
		return 0, false
	}
	return time.Until(p.turns[0].due), true
}

// publishDue publishes whatever is due. A topic to which only subscriptions by pattern were left, of
// which the last has gone, ends here.
func (p *Periodic) publishDue() {
	for _, at := range p.takeDue(time.Now()) {
		if !p.stopUnheard(at) {
			p.realm.Publish(router.Publication{Topic: at.topic, Payload: p.schedules[at.schedule].Payload})
		}
	}
}

// takeDue gives what is due and sets its next turn. Turns that were missed, as on a machine that
// slept, are not made up for.
func (p *Periodic) takeDue(now time.Time) []place {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []place
	for len(p.turns) > 0 && !p.turns[0].due.After(now) {
		t := p.turns[0]
		due = append(due, t.place)
		every := p.schedules[t.schedule].Every
		if t.due = t.due.Add(every); !t.due.After(now) {
			t.due = now.Add(every)
		}
		heap.Fix(&p.turns, 0)
	}
	return due
}

// turn is when a place is due next.
type turn struct {
	place
	due   time.Time
	index int // in the heap
}

// turns is a heap with the earliest first.
type turns []*turn

func (t turns) Len() int           { return len(t) }
func (t turns) Less(i, j int) bool { return t[i].due.Before(t[j].due) }

func (t turns) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

// Push implements [heap.Interface].
func (t *turns) Push(x any) {
	added := x.(*turn)
	added.index = len(*t)
	*t = append(*t, added)
}

// Pop implements [heap.Interface].
func (t *turns) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}
