package router

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// topicQueues hold the publications of kept topics between their publishers and the journal. They give each topic one
// order for keeping and delivering: the publisher that finds its topic idle leads, and appends and delivers what all
// others have queued meanwhile, then hands the lead to the next that waits. So publishers share an append.
//
// A publisher that waits holds no lock. The journal is called, and events are delivered, without mu.
type topicQueues struct {
	mu     sync.Mutex // guards what follows; no lock is taken under it
	topics map[wamp.URI]*topicQueue
}

// topicQueue is the queue of one topic. It exists while a publisher leads the topic.
type topicQueue struct {
	waiting []*keptRun
	settled chan struct{} // closed when what the leader appended is delivered; nil: no goroutine waits for that
}

// keptRun is a run of publications that are to be kept, with what became of it.
type keptRun struct {
	publications []Publication
	entries      []*publication.Entry // of all publications
	placements   []publication.Placement
	turn         chan struct{} // tells a publisher that waits: its run is done, or it leads

	// Written by the leader before it signals turn.
	leads  bool
	done   bool
	events int
	err    error              // the journal has refused the run
	fault  any                // of a panic while the run was delivered
	locals []*localSubscriber // that have events of the run queued
}

// errRunLost is the error of a run whose leader panicked before the run was delivered.
var errRunLost = errors.New("the publication was lost by a fault of the server")

// enter queues a run and waits until it is done or leads its topic. It returns the runs to lead, or nil.
func (q *topicQueues) enter(topic wamp.URI, run *keptRun) (lead []*keptRun) {
	q.mu.Lock()
	queue := q.topics[topic]
	if queue == nil {
		if q.topics == nil {
			q.topics = make(map[wamp.URI]*topicQueue)
		}
		q.topics[topic] = new(topicQueue)
		q.mu.Unlock()
		return []*keptRun{run}
	}
	run.turn = make(chan struct{}, 1)
	queue.waiting = append(queue.waiting, run)
	q.mu.Unlock()
	<-run.turn
	if !run.leads {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	lead, queue.waiting = queue.waiting, nil
	return lead
}

// leave ends the lead of a topic: the runs are done, and the next publisher that waits leads.
func (q *topicQueues) leave(topic wamp.URI, led []*keptRun) {
	for _, run := range led {
		if !run.done && run.err == nil {
			run.err = errRunLost
		}
		if run.turn != nil && !run.leads {
			run.turn <- struct{}{}
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	queue := q.topics[topic]
	if queue.settled != nil {
		close(queue.settled)
		queue.settled = nil
	}
	if len(queue.waiting) == 0 {
		delete(q.topics, topic)
		return
	}
	next := queue.waiting[0]
	next.leads = true
	next.turn <- struct{}{}
}

// settle waits until all publications of the topics of a subscription that the journal has stored are delivered.
func (q *topicQueues) settle(ctx context.Context, sub wamp.Subscription) error {
	for _, settled := range q.unsettled(sub) {
		select {
		case <-settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (q *topicQueues) unsettled(sub wamp.Subscription) (all []<-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for topic, queue := range q.topics {
		if !pattern.Matches(sub.Topic, sub.Match, topic) {
			continue
		}
		if queue.settled == nil {
			queue.settled = make(chan struct{})
		}
		all = append(all, queue.settled)
	}
	return all
}

// publishKept keeps a run and delivers it in the order of its topic. If the journal refuses it, it is not delivered.
func (r *Realm) publishKept(run *keptRun) (events int, err error) {
	topic := run.publications[0].Topic
	if led := r.queues.enter(topic, run); led != nil {
		r.lead(topic, led)
	}
	if run.fault != nil {
		panic(run.fault)
	}
	for _, local := range run.locals {
		local.drain()
	}
	return run.events, run.err
}

// lead appends the runs to the journal in one call, and delivers them in the same order.
func (r *Realm) lead(topic wamp.URI, led []*keptRun) {
	defer r.queues.leave(topic, led)
	began := time.Now()
	var placements []publication.Placement
	for _, run := range led {
		placements = append(placements, run.placements...)
	}
	if err := r.journal.Append(r.router.running, placements); err != nil {
		r.refuse(topic, led, err)
		return
	}
	d := getFanout(r)
	defer d.put()
	d.ordered = true
	for _, run := range led {
		d.deliverKept(run)
	}
	r.router.countFanout(d, time.Since(began))
}

// refuse tells the publishers that the journal has not kept their publications. It is said at once for all of them.
func (r *Realm) refuse(topic wamp.URI, led []*keptRun, err error) {
	lost := 0
	for _, run := range led {
		lost += len(run.publications)
		run.err = wamp.Fail(wamp.ErrUnavailable, "the publication could not be kept, and was not delivered; try again")
	}
	r.router.counters.notKept.Add(uint64(lost))
	r.router.options.Logger.Error("the journal failed, so publications were not delivered",
		"topic", string(topic), "publications", lost, "error", err)
}

// deliverKept delivers one run. A panic belongs to the publisher of the run, which may not be the leader.
func (d *fanout) deliverKept(run *keptRun) {
	before := d.events
	defer func() {
		if fault := recover(); fault != nil {
			run.fault = fmt.Sprintf("%v\n\n%s", fault, debug.Stack())
			d.abortRun()
		}
		run.events, run.done = d.events-before, true
		run.locals = slices.Clone(d.locals)
		d.locals = d.locals[:0]
	}()
	d.deliver(run.publications, run.entries)
}
