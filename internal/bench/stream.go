package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// stream counts the publications of one step and their events at all subscribers. Safe for concurrent use.
type stream struct {
	step     int64
	took     histogram    // from publication to arrival, of each event
	repeated atomic.Int64 // events that arrived more than once
	last     atomic.Int64 // time of the last arrival, about

	inFlight atomic.Int64  // events that were published and have not arrived
	allowed  atomic.Int64  // wait returns when inFlight has fallen to it
	wake     chan struct{} // holds one token while inFlight may have fallen to allowed

	mu          sync.Mutex // guards what follows
	subscribers int64
	published   int64
	lost        int64 // events that will not arrive: their connections have ended
}

func newStream(step int64, subscribers int) *stream {
	return &stream{step: step, subscribers: int64(subscribers), wake: make(chan struct{}, 1)}
}

// next returns the number of the next publication. It returns false if no subscriber is left.
func (s *stream) next() (number int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscribers == 0 {
		return 0, false
	}
	s.published++
	s.inFlight.Add(s.subscribers)
	return s.published - 1, true
}

// arrive counts one event that a subscriber has received.
func (s *stream) arrive(now time.Duration) {
	s.last.Store(int64(now))
	if s.inFlight.Add(-1) <= s.allowed.Load() {
		s.signal()
	}
}

// leave removes a subscriber that has received so many events. Its other events count as lost.
func (s *stream) leave(got int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missing := s.published - got
	s.subscribers--
	s.lost += missing
	s.inFlight.Add(-missing)
	s.signal()
}

func (s *stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// wait blocks until at most so many publications, to all subscribers that are left, are in flight.
func (s *stream) wait(ctx context.Context, publications int64) error {
	for {
		s.mu.Lock()
		allowed := publications * s.subscribers
		s.mu.Unlock()
		s.allowed.Store(allowed) // before inFlight is read: an event that arrives in between signals
		if s.inFlight.Load() <= allowed {
			return nil
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// result sums up a stream.
type result struct {
	publications, events, lost int64
	ended                      time.Duration // time of the last arrival
}

// result returns the counts so far. Events that have not arrived yet count as lost.
func (s *stream) result() result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return result{s.published, s.took.count(), s.lost + s.inFlight.Load(), time.Duration(s.last.Load())}
}
