package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/client"
)

// run is one measurement. Its lock is taken before a stream's; nothing under it blocks.
type run struct {
	// static after construction
	options Options
	id      int64
	began   time.Time

	publisher *client.Client // set by probe

	stream  atomic.Pointer[stream] // of the step that publishes
	foreign atomic.Int64           // events of somebody else
	ended   tally                  // connections that ended by themselves, by why

	watches sync.WaitGroup // one for each subscriber

	mu          sync.Mutex // guards what follows
	subscribers []*subscriber
	alive       int
	steps       int64
	leaving     bool
}

// ErrNothing is the end of a run that was interrupted before it had measured anything.
var ErrNothing = errors.New("interrupted before anything was measured")

// Run measures. What the server refuses to the key is a [RefusedError]; other errors of connecting
// are as package client gives them. When ctx ends, the report has the steps that were complete.
func Run(ctx context.Context, options Options) (*Report, error) {
	options = options.withDefaults()
	if err := options.Check(); err != nil {
		return nil, err
	}
	if err := enoughFiles(options.Connections); err != nil {
		return nil, err
	}
	r := &run{options: options, id: rand.Int64(), began: time.Now()}
	defer r.close()
	report := &Report{Server: options.Server, Topic: options.Topic, Size: options.Size}
	err := r.probe(ctx)
	if err == nil {
		err = r.measure(ctx, report)
	}
	switch {
	case ctx.Err() != nil && report.Connections == nil:
		return nil, ErrNothing
	case ctx.Err() != nil:
		report.Interrupted = true
	case err != nil:
		return nil, err
	}
	report.Ended, report.Foreign = r.ended.reasons(), r.foreign.Load()
	report.judge()
	return report, nil
}

// measure takes the steps in their order, and stops at the one that cannot be.
func (r *run) measure(ctx context.Context, report *Report) (err error) {
	costs := newAccount(r.options)
	costs.take(ctx, &costs.start)
	if err := costs.start.hasFiles(r.options.Connections); err != nil {
		return err
	}
	report.SameMachine = isHere(ctx, r.options.Server)
	if report.Connections, err = r.connections(ctx); err != nil {
		return err
	}
	costs.take(ctx, &costs.connected)
	if report.Latency, err = r.latency(ctx); err != nil {
		return err
	}
	costs.take(ctx, &costs.idle)
	work := startWork()
	if report.FanOut, err = r.fanOut(ctx); err != nil {
		return err
	}
	work.tell(report)
	costs.take(ctx, &costs.end)
	costs.tell(report)
	return nil
}

// close ends all connections at the same time, and waits until nothing is left of them.
func (r *run) close() {
	r.mu.Lock()
	r.leaving = true
	subscribers := r.subscribers
	r.mu.Unlock()
	var closing sync.WaitGroup
	for _, s := range subscribers {
		closing.Go(func() { s.client.Close() }) // who gets no answer to GOODBYE has left all the same
	}
	if r.publisher != nil {
		r.publisher.Close()
		<-r.publisher.Done()
	}
	closing.Wait()
	r.watches.Wait()
}

// clock is the time since the run began.
func (r *run) clock() time.Duration { return time.Since(r.began) }

// begin makes the stream of a step for the subscribers that there are.
func (r *run) begin() (*stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alive == 0 {
		return nil, r.nobodyLeft()
	}
	r.steps++
	s := newStream(r.steps, r.alive)
	r.stream.Store(s)
	return s, nil
}

func (r *run) nobodyLeft() error {
	return fmt.Errorf("every connection was lost: %s", describe(r.ended.reasons()))
}
