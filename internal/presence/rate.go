package presence

import (
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// burst is the number of calls that a session may make at once. A page that has reconnected enters all its records.
const burst = 2 * MaxRecords

// accept counts a call of a session, and refuses it if the session calls too often. Backends are trusted. It is the
// generic cell rate algorithm: one number for each session.
func (c *Component) accept(s *router.Session) error {
	if s.Identity().Backend {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// See admit: Left removes what is added before it.
	if c.closed || s.Reason() != outbox.CloseNone {
		return sessionEnded()
	}
	now, interval := time.Now(), time.Second/time.Duration(c.rate)
	arrival := c.arrivals[s.ID()]
	if arrival.Before(now) {
		arrival = now
	}
	arrival = arrival.Add(interval)
	if arrival.Sub(now) > interval*burst {
		c.refused++
		return wamp.Fail(wamp.ErrLimitExceeded, "a session makes at most %d calls a second to tidings.presence: try again later", c.rate)
	}
	c.arrivals[s.ID()] = arrival
	return nil
}
