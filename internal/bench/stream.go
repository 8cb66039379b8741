package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// stream is the publications of one step on their way to all subscribers.
type stream struct {
	step     int64
	took     histogram    // from publication to arrival, of each event
	repeated atomic.Int64 // events that arrived more than once
	last     atomic.Int64 // when the last event arrived, about

	owed atomic.Int64  // events that were published and have not arrived
	most atomic.Int64  // of them, for whoever waits
	wake chan struct{} // holds one token while owed may have fallen to most

	mu          sync.Mutex // guards what follows
	subscribers int64
	published   int64
	lost        int64 // events that will not arrive: their connections have ended
}

func newStream(step int64, subscribers int) *stream {
	return &stream{step: step, subscribers: int64(subscribers), wake: make(chan struct{}, 1)}
}

// next gives the number of the next publication. Nobody is left to publish to: not ok.
func (s *stream) next() (number int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscribers == 0 {
		return 0, false
	}
	s.published++
	s.owed.Add(s.subscribers)
	return s.published - 1, true
}

// arrive counts one event that a subscriber has got.
func (s *stream) arrive(now time.Duration) {
	s.last.Store(int64(now))
	if s.owed.Add(-1) <= s.most.Load() {
		s.signal()
	}
}

// leave counts a subscriber out that has got so many events.
func (s *stream) leave(got int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missing := s.published - got
	s.subscribers--
	s.lost += missing
	s.owed.Add(-missing)
	s.signal()
}

func (s *stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// wait returns once no more than so many publications, to all who are left, are on their way.
func (s *stream) wait(ctx context.Context, publications int64) error {
	for {
		s.mu.Lock()
		most := publications * s.subscribers
		s.mu.Unlock()
		s.most.Store(most) // before owed is read: an event that arrives in between signals
		if s.owed.Load() <= most {
			return nil
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// result is what became of a stream.
type result struct {
	publications, events, lost int64
	ended                      time.Duration // when the last event arrived
}

// result counts what has not arrived by now as lost.
func (s *stream) result() result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return result{s.published, s.took.count(), s.lost + s.owed.Load(), time.Duration(s.last.Load())}
}
