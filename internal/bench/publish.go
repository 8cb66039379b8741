package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/client"
)

const (
	// window is the number of publications that the fan-out step keeps in flight. It keeps every subscriber busy, and
	// is 0.2% of an outbox of the default size.
	window = 16
	// arriveWithin is the time after the last publication of a step in which an event must arrive. A later event
	// counts as lost.
	arriveWithin = 10 * time.Second
)

// Latency reports the time from publication to arrival at a fixed rate.
type Latency struct {
	Rate         int     `json:"rate"` // publications a second that were asked for
	Publications int64   `json:"publications"`
	Events       int64   `json:"events"`
	Lost         int64   `json:"lost"`
	Repeated     int64   `json:"repeated"`
	P50          float64 `json:"p50_ms"`
	P95          float64 `json:"p95_ms"`
	P99          float64 `json:"p99_ms"`
	Max          float64 `json:"max_ms"`
	// Late is the delay of the bench itself in publishing: its machine was busy.
	Late float64 `json:"late_p99_ms"`
}

// latency publishes at fixed times, even if earlier events have not arrived yet.
func (r *run) latency(ctx context.Context) (*Latency, error) {
	s, err := r.begin()
	if err != nil {
		return nil, err
	}
	total := r.options.Rate * r.options.Seconds
	done := r.progress("latency", total)
	var late histogram
	began := r.clock()
	for i := range total {
		due := began + time.Duration(i)*time.Second/time.Duration(r.options.Rate)
		at := r.clock()
		if at < due {
			if err := sleep(ctx, due-at); err != nil {
				return nil, err
			}
			at = r.clock() // a late timer is no latency of the server
			late.record(at - due)
		} else {
			at = due // the server's backlog delayed this publication: the delay belongs to its latency
		}
		if err := r.publish(ctx, s, at); err != nil {
			return nil, err
		}
		done(1)
	}
	if err := r.drain(ctx, s); err != nil {
		return nil, err
	}
	got := s.result()
	return &Latency{
		Rate: r.options.Rate, Publications: got.publications, Events: got.events, Lost: got.lost, Repeated: s.repeated.Load(),
		P50: milliseconds(s.took.quantile(0.5)), P95: milliseconds(s.took.quantile(0.95)),
		P99: milliseconds(s.took.quantile(0.99)), Max: milliseconds(s.took.max()), Late: milliseconds(late.quantile(0.99)),
	}, nil
}

// FanOut reports the events that arrived while the bench published as fast as it could.
type FanOut struct {
	Publications    int64   `json:"publications"`
	Events          int64   `json:"events"`
	Lost            int64   `json:"lost"`
	Repeated        int64   `json:"repeated"`
	Seconds         float64 `json:"seconds"`
	EventsPerSecond float64 `json:"events_per_second"`
	P50             float64 `json:"p50_ms"` // of an event, with window publications in flight
	P99             float64 `json:"p99_ms"`
}

// fanOut publishes whenever fewer than window publications are in flight.
func (r *run) fanOut(ctx context.Context) (*FanOut, error) {
	s, err := r.begin()
	if err != nil {
		return nil, err
	}
	const perSecond = 10 // of progress
	done := r.progress("fan-out", r.options.Seconds*perSecond)
	began, told := r.clock(), 0
	bounded, cancel := context.WithTimeout(ctx, r.options.duration())
	defer cancel()
	for s.wait(bounded, window-1) == nil && bounded.Err() == nil {
		if err := r.publish(ctx, s, r.clock()); err != nil {
			return nil, err
		}
		if passed := int((r.clock() - began) * perSecond / time.Second); passed > told {
			done(passed - told)
			told = passed
		}
	}
	if err := r.drain(ctx, s); err != nil {
		return nil, err
	}
	done(r.options.Seconds * perSecond)
	got := s.result()
	seconds := r.options.duration().Seconds()
	if got.events > 0 { // up to the last event: the time that drain waited for lost ones does not count
		seconds = (got.ended - began).Seconds()
	}
	return &FanOut{
		Publications: got.publications, Events: got.events, Lost: got.lost, Repeated: s.repeated.Load(),
		Seconds: seconds, EventsPerSecond: float64(got.events) / seconds,
		P50: milliseconds(s.took.quantile(0.5)), P99: milliseconds(s.took.quantile(0.99)),
	}, nil
}

// publish sends the next publication of a stream without waiting for an acknowledgment. The probe has shown that the
// server accepts publications; the events of one that it refuses now count as lost.
func (r *run) publish(ctx context.Context, s *stream, at time.Duration) error {
	number, ok := s.next()
	if !ok {
		return r.allLost()
	}
	payload := stamp{run: r.id, step: s.step, number: number, at: at}.payload(r.options.Size)
	_, err := r.publisher.Publish(ctx, r.options.Topic, payload, &client.PublishOptions{Unacknowledged: true})
	if err != nil {
		return fmt.Errorf("the publisher lost its connection: %w", err)
	}
	return nil
}

// drain waits until all events of a stream have arrived, for at most arriveWithin.
func (r *run) drain(ctx context.Context, s *stream) error {
	bounded, cancel := context.WithTimeout(ctx, arriveWithin)
	defer cancel()
	if err := s.wait(bounded, 0); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
