package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// atOnce is the number of connections that are opened at the same time. It keeps several cores busy and overflows
	// no queue of the system.
	atOnce = 32
	// connectWithin bounds the whole step. 20,000 connections take 5 seconds of one core.
	connectWithin = 2 * time.Minute
)

// Connections reports how connections were opened: TCP, TLS if any, WebSocket, the login, the subscription.
type Connections struct {
	Opened    int      `json:"opened"`
	Failed    int      `json:"failed"`
	Failures  []Reason `json:"failures"`
	AtOnce    int      `json:"at_once"`
	Seconds   float64  `json:"seconds"`
	PerSecond float64  `json:"per_second"`
	P50       float64  `json:"p50_ms"`
	P99       float64  `json:"p99_ms"`
	Max       float64  `json:"max_ms"`
}

var errNoTime = fmt.Errorf("not tried: the others took all of the %s", connectWithin)

// connections opens all connections and measures those that succeed. It returns an error if none does.
func (r *run) connections(ctx context.Context) (*Connections, error) {
	bounded, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	var took histogram
	var failures tally
	var tried, opened atomic.Int64
	total := int64(r.options.Connections)
	done := r.progress("connections", int(total))
	open := func() {
		for tried.Add(1) <= total {
			began := time.Now()
			err := errNoTime
			if bounded.Err() == nil {
				err = r.subscribe(bounded)
			}
			if err != nil {
				failures.add(err)
			} else {
				took.record(time.Since(began))
				opened.Add(1)
			}
			done(1)
		}
	}
	began := time.Now()
	var workers sync.WaitGroup
	for range min(atOnce, total) {
		workers.Go(open)
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if opened.Load() == 0 {
		return nil, errors.New("no connection could be opened: " + describe(failures.reasons()))
	}
	seconds := time.Since(began).Seconds()
	return &Connections{
		Opened: int(opened.Load()), Failed: int(total - opened.Load()), Failures: failures.reasons(),
		AtOnce: int(min(atOnce, total)), Seconds: seconds, PerSecond: float64(opened.Load()) / seconds,
		P50: milliseconds(took.quantile(0.5)), P99: milliseconds(took.quantile(0.99)), Max: milliseconds(took.max()),
	}, nil
}

// progress returns a function that reports progress of a step. The function is safe for concurrent use.
func (r *run) progress(step string, total int) func(more int) {
	var mu sync.Mutex // guards what follows
	done := 0
	tell := func(more int) {
		mu.Lock()
		defer mu.Unlock()
		done = min(done+more, total)
		r.options.Progress(Progress{Step: step, Done: done, Total: total})
	}
	tell(0)
	return tell
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
