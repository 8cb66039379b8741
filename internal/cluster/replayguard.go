package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// ErrFull reports that a guard holds its maximum of ids.
var ErrFull = errors.New("no more can be remembered until older ids have expired")

// ForgottenError reports that an id may have been used before: it was issued before the log of used ids was lost.
type ForgottenError struct{ Before time.Time }

func (e *ForgottenError) Error() string {
	return "it was issued before " + e.Before.UTC().Format(time.RFC3339) + ", and may have been used: the log of that time is lost"
}

// MayBeUsed tells the error from others, in packages that do not know this one.
func (e *ForgottenError) MayBeUsed() bool { return true }

// defaultMost bounds the ids of a guard whose options name no bound: up to 40 MiB of memory.
const defaultMost = 1 << 20

// ReplayGuardOptions declare a guard.
type ReplayGuardOptions struct {
	Name string        // letters, digits, dashes, underscores
	TTL  time.Duration // how long a used id is remembered, and a little longer; 0 is for ever
	Skew time.Duration // how far the clock that says when an id was issued may be ahead
	Most int           // the most ids; over it new ids are refused, none is forgotten; 0 is 1,048,576
}

// ReplayGuard lets each id be used once, such as that of a one-time ticket. It is safe for concurrent use.
//
// Each process holds all used ids in memory, as digests. Ids that must outlive the process, or are shared with other
// nodes, are also in a log in the store. The order of that log decides which use was the first.
type ReplayGuard struct {
	options ReplayGuardOptions
	log     atomic.Pointer[replayLog] // nil while the engine is not running
}

// ReplayGuard declares a guard. It works while the engine runs; a guard declared on a running engine is opened by
// the next Start. Declaring a name again returns the same guard.
func (e *Engine) ReplayGuard(options ReplayGuardOptions) *ReplayGuard {
	if options.Most <= 0 {
		options.Most = defaultMost
	}
	return declare(e, e.guards, options.Name, &ReplayGuard{options: options})
}

// open reads the used ids from the log; without a log, no id is used yet. A guard that is open already goes on with
// the new log.
func (o *ReplayGuard) open(ctx context.Context, store logStore) error {
	l := o.log.Load()
	if l == nil {
		l = newReplayLog(o.options)
	}
	if store != nil {
		if err := l.attach(ctx, store); err != nil {
			return o.failed(err)
		}
	}
	o.log.Store(l)
	return nil
}

func (o *ReplayGuard) close() {
	if l := o.log.Swap(nil); l != nil {
		l.close()
	}
}

// Use records the use of an id and reports whether it is the first, on all nodes. issued is when the id was made; zero
// is unknown. until is the time after which the id is invalid in any case; a time beyond the guard's TTL is an error.
//
// After any error the caller must refuse: it is unknown whether the id was used. The same id may be tried again, and is
// the first unless the failed try has reached the log. After an [UnwritableError] it has not, unless this use is the
// one that found out. After a [ForgottenError] it is never the first.
func (o *ReplayGuard) Use(ctx context.Context, id string, issued, until time.Time) (first bool, err error) {
	if ttl := o.options.TTL; ttl > 0 && time.Until(until) > ttl {
		return false, fmt.Errorf("%q must be remembered until %s, but %q forgets after %s",
			id, until.Format(time.RFC3339), o.options.Name, ttl)
	}
	l := o.log.Load()
	if l == nil {
		return false, o.failed(ErrStopped)
	}
	first, err = l.use(ctx, digestOf(id), issued)
	return first, o.failed(err)
}

// failed says in which guard an operation failed.
func (o *ReplayGuard) failed(err error) error {
	if errors.Is(err, ErrFull) {
		return fmt.Errorf("use an id of %q: %d ids are remembered, for %s each: %w; a shorter lifetime makes room sooner",
			o.options.Name, o.options.Most, o.options.TTL, err)
	}
	if err != nil {
		return fmt.Errorf("use an id of %q: %w", o.options.Name, err)
	}
	return nil
}
