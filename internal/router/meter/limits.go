package meter

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// The defaults of [Limits], which hold where a limit is zero.
const (
	// DefaultSubscriptions bounds the memory that one page can pin: about 100 bytes each.
	DefaultSubscriptions = 1000
	// DefaultRegistrations bounds the names that one callee can take.
	DefaultRegistrations = 1000
	// DefaultPendingCalls bounds the calls that wait for callees. Each may hold a payload.
	DefaultPendingCalls = 1000
	// DefaultOutboxBytes bounds the bytes that wait for one client, to some seconds of a busy page over a bad line. A
	// client with more events and replies is closed as slow. Messages of calls over it are refused to their senders.
	DefaultOutboxBytes = 4 << 20
	// DefaultOutboxFrames bounds the memory that small frames take beside their bytes.
	DefaultOutboxFrames = 10_000
	// DefaultOutboxTotal bounds the bytes that wait for all clients: 64 clients with a full outbox.
	DefaultOutboxTotal = 256 << 20
	// DefaultKill bounds the time in which a callee that was interrupted must answer. It can clean up in that time, and a
	// caller waits no longer for a call that it has canceled.
	DefaultKill = 10 * time.Second
	// DefaultMessageRate bounds the messages that are read from one client in a second, on average.
	DefaultMessageRate = 500
	// DefaultReceivers bounds the lists of receivers of one publication, which are compared with all subscribers.
	DefaultReceivers = wamp.DefaultReceivers
	// DefaultMessageBurst bounds the messages that are read at once. A page sends its subscriptions so.
	DefaultMessageBurst = 2000
)

// Limits bound what one session may hold and cause.
type Limits struct {
	Subscriptions int
	Registrations int
	PendingCalls  int
	OutboxBytes   int
	OutboxFrames  int
	OutboxTotal   int64 // bytes that wait for all clients; what several share counts once
	MessageRate   int   // messages in a second; over it the client's reader waits
	MessageBurst  int
	Receivers     int           // elements of the lists of receivers of one PUBLISH, together
	Kill          time.Duration // for a callee to answer after an INTERRUPT of mode kill
}

// WithDefaults returns the limits with the default in place of each zero.
func (l Limits) WithDefaults() Limits {
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
		{&l.Receivers, DefaultReceivers},
	} {
		if *d.limit <= 0 {
			*d.limit = d.value
		}
	}
	if l.OutboxTotal <= 0 {
		l.OutboxTotal = DefaultOutboxTotal
	}
	if l.Kill <= 0 {
		l.Kill = DefaultKill
	}
	return l
}
