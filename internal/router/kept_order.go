package router

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// keptRun is a run of publications that are to be kept, with what became of it.
type keptRun struct {
	publication.Run
	publications []Publication

	// Written by the publisher that leads.
	done   bool
	events int
	err    error              // the journal has refused the run
	fault  any                // of a panic while the run was delivered
	locals []*localSubscriber // that have events of the run queued
}

// errRunLost is the error of a run whose leader panicked before the run was delivered.
var errRunLost = errors.New("the publication was lost by a fault of the server")

// publishKept keeps runs and delivers them in their place. Those that the journal refuses are not delivered.
//
// One queue gives keeping and delivering one order over all topics: the publisher that finds it idle leads, and appends
// and delivers what all others have queued meanwhile. So publishers share an append.
func (r *Realm) publishKept(runs ...*keptRun) (events int, err error) {
	r.kept.Do(struct{}{}, runs)
	for _, run := range runs {
		if failure := run.finish(); failure != nil && !errors.Is(err, failure) { // one that all have is said once
			err = errors.Join(err, failure)
		}
		events += run.events
	}
	return events, err
}

// finish passes the events of components on, and returns why the run was not published. It notes that in the
// publications, too.
func (run *keptRun) finish() error {
	err := run.err
	switch {
	case run.fault != nil:
		panic(run.fault)
	case err == nil && !run.done:
		err = errRunLost
	case err == nil:
		err = run.Outdated()
	}
	for _, local := range run.locals {
		local.queue.Drain(local.pass)
	}
	for i := range run.publications {
		run.publications[i].refused = err
	}
	if earlier, repeated := run.Repeated(); err == nil && repeated { // it stands alone
		run.publications[0].ID = earlier
	}
	return err
}

// lead appends the runs to the journal in one call, and delivers them in the same order.
func (r *Realm) lead(_ struct{}, waiting []queue.Waiting[[]*keptRun]) {
	began := time.Now()
	led := slices.Clip(waiting[0].Value)
	for _, w := range waiting[1:] {
		led = append(led, w.Value...)
	}
	placements := slices.Clip(led[0].Placements)
	for _, run := range led[1:] {
		placements = append(placements, run.Placements...)
	}
	outcomes, err := r.journal.Append(r.router.running, placements)
	if err != nil {
		r.refuse(led, err)
		return
	}
	d := getFanout(r)
	defer d.release()
	d.ordered = true
	for _, run := range led {
		outcomes = run.Take(outcomes)
		d.deliverKept(run)
	}
	r.router.counters.AddFanout(&d.counts, time.Since(began), r.router.options.Probe)
}

// refuse tells the publishers that the journal has not kept their publications. It is said at once for all of them.
func (r *Realm) refuse(led []*keptRun, err error) {
	lost, refusal := 0, wamp.Fail(wamp.ErrUnavailable, "the publication could not be kept, and was not delivered; try again")
	for _, run := range led {
		lost += len(run.publications)
		run.err = refusal
	}
	r.router.counters.NotKept.Add(uint64(lost))
	r.router.options.Logger.Error("the journal failed, so publications were not delivered",
		"publications", lost, "error", err)
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
	if run.Stored() {
		d.deliver(run.publications, run.Entries)
	}
}

// receipt returns what became of a run of one publication.
func (r *Realm) receipt(run *keptRun) Receipt {
	if earlier, repeated := run.Repeated(); repeated {
		return Receipt{Publication: earlier, Repeated: true}
	}
	receipt := Receipt{Publication: run.publications[0].ID, Deliveries: run.events}
	if seq := run.Entries[0].Seq; seq != 0 {
		receipt.Position = publication.Position{Epoch: r.journal.Position().Epoch, Seq: seq}
	}
	return receipt
}
