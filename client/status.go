package client

import "time"

// Freshness tells how far what a subscription has delivered can be trusted.
type Freshness uint8

// The kinds of freshness, the worst one first.
const (
	// Stale: there is no connection, or the router has not taken the subscription again. What was delivered is of the
	// time Since.
	Stale Freshness = iota + 1
	// CatchingUp: the router has not sent everything yet.
	CatchingUp
	// Ended: the subscription has ended, see [Subscription.Err].
	Ended
	// Thinned: the router has skipped events, because this client does not keep up. The last one was delivered.
	Thinned
	// Live: everything was delivered.
	Live
)

// String returns a lower-case name.
func (f Freshness) String() string {
	switch f {
	case Stale:
		return "stale"
	case CatchingUp:
		return "catching up"
	case Ended:
		return "ended"
	case Thinned:
		return "thinned"
	case Live:
		return "live"
	}
	return "unknown"
}

// Status is the status of a subscription, or of all that a client has subscribed to.
type Status struct {
	Freshness Freshness
	// Since is when the freshness began. While a subscription catches up, it is the time of what was delivered before.
	Since time.Time
	// Err is why a subscription is stale, or why it has ended.
	Err error
}

// follow returns the status that follows. A subscription that catches up after it was stale keeps the time.
func (s Status) follow(next Freshness, err error, now time.Time) Status {
	continues := s.Freshness == next || s.Freshness == Stale && next == CatchingUp
	if continues && !s.Since.IsZero() {
		now = s.Since
	}
	return Status{Freshness: next, Since: now, Err: err}
}

// isSame reports whether there is no change to tell of.
func (s Status) isSame(other Status) bool {
	return s.Freshness == other.Freshness && s.Since.Equal(other.Since) && (s.Err == nil) == (other.Err == nil)
}

// worse reports whether s is worse than other, or as bad for a longer time.
func (s Status) worse(other Status) bool {
	return s.Freshness < other.Freshness || s.Freshness == other.Freshness && s.Since.Before(other.Since)
}
