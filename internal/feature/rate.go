package feature

import (
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Rate bounds how often a session does what many others are told of. Backends are trusted. It is the generic cell rate
// algorithm: one number for each session. Safe for concurrent use.
type Rate struct {
	mu       sync.Mutex // guards what follows
	interval time.Duration
	burst    time.Duration         // as a number of intervals
	arrivals map[wamp.ID]time.Time // the next theoretical arrival of each session
}

// NewRate returns a rate of so many times a second on average, and burst at once.
func NewRate(perSecond, burst int) *Rate {
	r := &Rate{arrivals: make(map[wamp.ID]time.Time)}
	r.Change(perSecond, burst)
	return r
}

// Change replaces the rate. What sessions have done already counts by the former rate.
func (r *Rate) Change(perSecond, burst int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.interval = time.Second / time.Duration(perSecond)
	r.burst = r.interval * time.Duration(burst)
}

// Take reports whether a session may do it n times now, and counts that if so. It allows the last request of a session
// that has ended meanwhile, and does not remember the session.
func (r *Rate) Take(s *router.Session, n int) bool {
	if s.Identity().Backend {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// A session has its reason before Left is called, and Forget waits for mu. So Forget removes what is added here.
	if s.Reason() != outbox.CloseNone {
		return true
	}
	now := time.Now()
	arrival := r.arrivals[s.ID()]
	if arrival.Before(now) {
		arrival = now
	}
	arrival = arrival.Add(r.interval * time.Duration(n))
	if arrival.Sub(now) > r.burst {
		return false
	}
	r.arrivals[s.ID()] = arrival
	return true
}

// Forget forgets a session that has left.
func (r *Rate) Forget(s *router.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.arrivals, s.ID())
}

// Len returns how many sessions are remembered.
func (r *Rate) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.arrivals)
}
