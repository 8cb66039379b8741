package router

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// keptRun is a run of publications that are to be kept, with what became of it.
type keptRun struct {
	publications []Publication
	entries      []*publication.Entry // of all publications
	placements   []publication.Placement

	// Written by the publisher that leads.
	done   bool
	events int
	err    error              // the journal has refused the run
	fault  any                // of a panic while the run was delivered
	locals []*localSubscriber // that have events of the run queued
}

// errRunLost is the error of a run whose leader panicked before the run was delivered.
var errRunLost = errors.New("the publication was lost by a fault of the server")

// settle waits until all publications of the topics of a subscription that the journal has stored are delivered.
func (r *Realm) settle(ctx context.Context, sub wamp.Subscription) error {
	return r.queues.Settle(ctx, func(topic wamp.URI) bool { return pattern.Matches(sub.Topic, sub.Match, topic) })
}

// publishKept keeps a run and delivers it in the order of its topic. If the journal refuses it, it is not delivered.
//
// The queue of the topic gives keeping and delivering one order: the publisher that finds its topic idle leads, and
// appends and delivers what all others have queued meanwhile. So publishers share an append.
func (r *Realm) publishKept(run *keptRun) (events int, err error) {
	r.queues.Do(run.publications[0].Topic, run)
	switch {
	case run.fault != nil:
		panic(run.fault)
	case !run.done && run.err == nil:
		return 0, errRunLost
	}
	for _, local := range run.locals {
		local.queue.Drain(local.pass)
	}
	return run.events, run.err
}

// lead appends the runs to the journal in one call, and delivers them in the same order.
func (r *Realm) lead(topic wamp.URI, led []queue.Waiting[*keptRun]) {
	began := time.Now()
	var placements []publication.Placement
	for _, run := range led {
		placements = append(placements, run.Value.placements...)
	}
	if err := r.journal.Append(r.router.running, placements); err != nil {
		r.refuse(topic, led, err)
		return
	}
	d := getFanout(r)
	defer d.put()
	d.ordered = true
	for _, run := range led {
		d.deliverKept(run.Value)
	}
	r.router.counters.AddFanout(&d.counts, time.Since(began), r.router.options.Probe)
}

// refuse tells the publishers that the journal has not kept their publications. It is said at once for all of them.
func (r *Realm) refuse(topic wamp.URI, led []queue.Waiting[*keptRun], err error) {
	lost := 0
	for _, run := range led {
		lost += len(run.Value.publications)
		run.Value.err = wamp.Fail(wamp.ErrUnavailable, "the publication could not be kept, and was not delivered; try again")
	}
	r.router.counters.NotKept.Add(uint64(lost))
	r.router.options.Logger.Error("the journal failed, so publications were not delivered",
		"topic", string(topic), "publications", lost, "error", err)
}

// deliverKept delivers one run. A panic belongs to the publisher of the run, which may not be the leader.
func (d *fanout) deliverKept(run *keptRun) {
	before := d.counts.Events
	defer func() {
		if fault := recover(); fault != nil {
			run.fault = fmt.Sprintf("%v\n\n%s", fault, debug.Stack())
			d.abortRun()
		}
		run.events, run.done = d.counts.Events-before, true
		run.locals = slices.Clone(d.locals)
		d.locals = d.locals[:0]
	}()
	d.deliver(run.publications, run.entries)
}
