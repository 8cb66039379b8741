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

// run is one measurement. Lock order: run.mu, then stream.mu. Nothing blocks under run.mu.
type run struct {
	// static after construction
	options Options
	id      int64
	began   time.Time

	publisher *client.Client // set by probe

	stream  atomic.Pointer[stream] // of the step that publishes
	foreign atomic.Int64           // events of other publishers
	ended   tally                  // reasons of connections that ended before the run did

	watches sync.WaitGroup // one goroutine for each subscriber

	mu          sync.Mutex // guards what follows
	subscribers []*subscriber
	alive       int
	steps       int64
	leaving     bool
}

// ErrNothing is returned if a run was interrupted before it had measured anything.
var ErrNothing = errors.New("interrupted before anything was measured")

// Run measures a server. It returns a [RefusedError] if the server does not let the key do what the bench needs, and
// other errors of connecting as package client returns them. If ctx ends, the report has the steps that are complete.
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

// measure runs the steps in order, and stops at the first that fails.
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

// close closes all connections at the same time, and waits until all their goroutines have ended.
func (r *run) close() {
	r.mu.Lock()
	r.leaving = true
	subscribers := r.subscribers
	r.mu.Unlock()
	var closing sync.WaitGroup
	for _, s := range subscribers {
		closing.Go(func() { s.client.Close() }) // without an answer to GOODBYE the session has ended as well
	}
	if r.publisher != nil {
		r.publisher.Close()
		<-r.publisher.Done()
	}
	closing.Wait()
	r.watches.Wait()
}

// clock returns the time since the run began.
func (r *run) clock() time.Duration { return time.Since(r.began) }

// begin makes the stream of the next step, for the subscribers that are left.
func (r *run) begin() (*stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alive == 0 {
		return nil, r.allLost()
	}
	r.steps++
	s := newStream(r.steps, r.alive)
	r.stream.Store(s)
	return s, nil
}

func (r *run) allLost() error {
	return fmt.Errorf("every connection was lost: %s", describe(r.ended.reasons()))
}
