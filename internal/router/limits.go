package router

import "time"

// What one session may hold and cause. A limit of zero in [Limits] means the default here.
const (
	// DefaultSubscriptions bounds the memory that one page can pin: about 100 bytes each.
	DefaultSubscriptions = 1000
	// DefaultRegistrations bounds how many names one callee can take.
	DefaultRegistrations = 1000
	// DefaultPendingCalls bounds the calls that wait for callees; a payload may hang on each.
	DefaultPendingCalls = 1000
	// DefaultOutboxBytes is what may wait for one client before it counts as slow: some seconds of a
	// busy page over a bad line.
	DefaultOutboxBytes = 4 << 20
	// DefaultOutboxFrames bounds the bookkeeping where frames are tiny.
	DefaultOutboxFrames = 10_000
	// DefaultKill is how long a callee that was interrupted and owes an answer may take: enough to
	// tidy up, and no caller waits longer for something that it has canceled.
	DefaultKill = 10 * time.Second
	// DefaultMessageRate is how many messages a second are read from one client in the long run.
	DefaultMessageRate = 500
	// DefaultMessageBurst is how many are read at once, so that a page can open with its subscriptions.
	DefaultMessageBurst = 2000
)

// Limits bounds what one session may hold and cause.
type Limits struct {
	Subscriptions int
	Registrations int
	PendingCalls  int
	OutboxBytes   int
	OutboxFrames  int
	MessageRate   int // messages per second; over it the client's reader waits
	MessageBurst  int
	Kill          time.Duration // for a callee to answer after an INTERRUPT of mode kill
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		limit *int
		value int
	}{
		{&l.Subscriptions, DefaultSubscriptions},
		{&l.Registrations, DefaultRegistrations},
		{&l.PendingCalls, DefaultPendingCalls},
		{&l.OutboxBytes, DefaultOutboxBytes},
		{&l.OutboxFrames, DefaultOutboxFrames},
		{&l.MessageRate, DefaultMessageRate},
		{&l.MessageBurst, DefaultMessageBurst},
	} {
		if *d.limit <= 0 {
			*d.limit = d.value
		}
	}
	if l.Kill <= 0 {
		l.Kill = DefaultKill
	}
	return l
}
