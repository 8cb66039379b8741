package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// ErrFull says that as much is remembered as may be.
var ErrFull = errors.New("no more can be remembered until what is older is forgotten")

// defaultMost bounds what is remembered where nothing else is said: up to 40 MiB of memory.
const defaultMost = 1 << 20

// OnceOptions declares a memory of what may happen once.
type OnceOptions struct {
	Name string        // letters, digits, dashes, underscores
	TTL  time.Duration // after that it may be forgotten, and soon is; 0 is for ever
	Most int           // how much is remembered; over it new ids are refused, none is forgotten; 0 is 1,048,576
}

// Once remembers what has happened and must not happen again, such as the use of a one-time ticket.
//
// Each process has all of it in memory, as digests. Where it must outlive the process or is shared
// with others, it also is in a journal, and the order of the journal decides who was first.
type Once struct {
	options OnceOptions
	ledger  atomic.Pointer[ledger] // nil while the engine is not running
}

// Once declares what may happen once. It works while the engine runs; declared on a running engine
// it is opened by the next Start. Declaring a name again gives the same.
func (e *Engine) Once(options OnceOptions) *Once {
	if options.Most <= 0 {
		options.Most = defaultMost
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if o, ok := e.onces[options.Name]; ok {
		return o
	}
	o := &Once{options: options}
	e.onces[options.Name] = o
	return o
}

// open begins with what the journal tells; without one, nothing has happened yet. An error says that
// it could not be read yet: the first append that succeeds makes up for it.
func (o *Once) open(ctx context.Context, j journal) error {
	l := newLedger(o.options, j)
	var err error
	if j != nil {
		err = o.failed(l.catchUp(ctx))
	}
	o.ledger.Store(l)
	return err
}

func (o *Once) close() {
	if l := o.ledger.Swap(nil); l != nil {
		l.close()
	}
}

// Spend says that something happens and whether that is the first time, on whatever node. A thing
// that could still be tried after it is forgotten is an error. An error means that nobody knows:
// who gets one must refuse. The same id may be tried again, and is fresh unless the try that failed
// has reached the journal all the same.
func (o *Once) Spend(ctx context.Context, id string, until time.Time) (fresh bool, err error) {
	if ttl := o.options.TTL; ttl > 0 && time.Until(until) > ttl {
		return false, fmt.Errorf("%q must be remembered until %s, but %q forgets after %s",
			id, until.Format(time.RFC3339), o.options.Name, ttl)
	}
	l := o.ledger.Load()
	if l == nil {
		return false, o.failed(ErrStopped)
	}
	fresh, err = l.spend(ctx, digestOf(id))
	return fresh, o.failed(err)
}

func (o *Once) failed(err error) error {
	if errors.Is(err, ErrFull) {
		return fmt.Errorf("spend in %q: %d are remembered, for %s each: %w; let what is spent end sooner, and it is remembered for less long",
			o.options.Name, o.options.Most, o.options.TTL, err)
	}
	if err != nil {
		return fmt.Errorf("spend in %q: %w", o.options.Name, err)
	}
	return nil
}
