package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// maxGroup bounds the ids of one entry in the journal, 64 KiB: the engine takes up to 1 MiB.
const maxGroup = 4096

// journal is a log that nodes share: whoever reads it finds the same entries at the same places.
type journal interface {
	// append adds an entry behind all others and gives its place. After an error it may be there or
	// not.
	append(ctx context.Context, digests []byte) (place uint64, err error)
	// read calls see with the entries from one place until before another, in order. Those that are
	// too old are no longer there.
	read(ctx context.Context, from, to uint64, see func(entry) error) error
}

// entry is what was spent together.
type entry struct {
	place   uint64 // one more than that of the entry before
	at      time.Time
	digests []byte
}

// ledger is a [Once] while the engine runs. Whoever spends joins a group; while one group is being
// written the next one gathers, so nobody waits for anything but an append. The place that an append
// gets tells whether another node has written in between: then that is read first. Thus everybody
// goes through the same entries in the same order, and whose digest is new there is the first.
type ledger struct {
	// static
	options OnceOptions
	journal journal // nil: nobody else could read it
	ctx     context.Context
	cancel  context.CancelFunc // of ctx: the engine ends
	writers sync.WaitGroup     // one at most

	// owned by the writer
	read uint64 // the place up to which the entries are in spent

	mu      sync.Mutex // guards what follows
	closed  bool
	spent   digests
	groups  []*group    // gather, in the order in which they will be written
	pending int         // ids in groups and in the one that is being written
	writing bool        // a writer is at it
	timer   *time.Timer // forgets; nil while nothing is remembered
}

// group is one entry of the journal and those who wait for it.
type group struct {
	digests []byte
	done    chan struct{} // closed when what follows is set
	fresh   []bool        // one for each digest
	err     error
}

func newLedger(options OnceOptions, j journal) *ledger {
	l := &ledger{options: options, journal: j, spent: digests{ttl: options.TTL}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// close waits until nothing is written any more. Who still waits gets an error.
func (l *ledger) close() {
	l.mu.Lock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.cancel()
	l.writers.Wait()
}

// catchUp reads what is in the journal, by writing an empty entry behind it. Nobody may spend yet.
func (l *ledger) catchUp(ctx context.Context) error {
	g := &group{}
	l.commit(ctx, g)
	return g.err
}

func (l *ledger) spend(ctx context.Context, d digest) (fresh bool, err error) {
	l.mu.Lock()
	var g *group
	switch {
	case l.closed:
		err = ErrStopped
	case l.spent.has(d):
	case l.spent.size+l.pending >= l.options.Most:
		err = ErrFull
	case l.journal == nil:
		fresh = l.addLocked(d, time.Now())
	default:
		g = l.joinLocked(d)
	}
	if g == nil {
		l.mu.Unlock()
		return fresh, err
	}
	mine := len(g.digests)/digestBytes - 1
	l.mu.Unlock()
	select {
	case <-g.done:
	case <-ctx.Done():
		return false, fmt.Errorf("wait for the journal: %w", ctx.Err())
	}
	if g.err != nil {
		return false, g.err
	}
	return g.fresh[mine], nil
}

// joinLocked puts a digest into the group that gathers, as its last.
func (l *ledger) joinLocked(d digest) *group {
	last := len(l.groups) - 1
	if last < 0 || len(l.groups[last].digests) == maxGroup*digestBytes {
		l.groups = append(l.groups, &group{done: make(chan struct{})})
		last++
	}
	g := l.groups[last]
	g.digests = append(g.digests, d[:]...)
	l.pending++
	if !l.writing {
		l.writing = true
		l.writers.Go(l.write)
	}
	return g
}

// write commits one group after the other until nobody waits.
func (l *ledger) write() {
	for {
		l.mu.Lock()
		if len(l.groups) == 0 {
			l.writing = false
			l.mu.Unlock()
			return
		}
		g := l.groups[0]
		l.groups[0] = nil // the array outlives it
		l.groups = l.groups[1:]
		l.mu.Unlock()
		l.commit(l.ctx, g)
		close(g.done)
	}
}

// commit writes a group into the journal and finds out who in it was the first.
func (l *ledger) commit(ctx context.Context, g *group) {
	place, err := l.journal.append(ctx, g.digests)
	if err == nil {
		err = l.readBefore(ctx, place)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending -= len(g.digests) / digestBytes
	if err != nil {
		g.err = l.failedLocked(err)
		return
	}
	l.read = place
	now := time.Now()
	g.fresh = make([]bool, 0, len(g.digests)/digestBytes)
	for d := range slices.Chunk(g.digests, digestBytes) {
		g.fresh = append(g.fresh, l.addLocked(digest(d), now))
	}
}

// readBefore takes over what is in the journal before a place that is this node's own. That is
// nothing unless the engine has just started, another node has written, or an append has failed.
func (l *ledger) readBefore(ctx context.Context, place uint64) error {
	if place <= l.read { // the journal was removed, and made anew
		l.read = 0
	}
	if place == l.read+1 {
		return nil
	}
	return l.journal.read(ctx, l.read+1, place, l.replay)
}

func (l *ledger) replay(e entry) error {
	if len(e.digests)%digestBytes != 0 {
		return fmt.Errorf("entry %d of the journal has %d bytes, which are not whole digests", e.place, len(e.digests))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for d := range slices.Chunk(e.digests, digestBytes) {
		l.addLocked(digest(d), e.at)
	}
	l.read = e.place
	return nil
}

// addLocked says whether the digest is new, and sees to it that it will be forgotten.
func (l *ledger) addLocked(d digest, at time.Time) (fresh bool) {
	fresh = l.spent.add(d, at)
	if fresh && l.timer == nil && l.options.TTL > 0 {
		l.timer = time.AfterFunc(l.spent.forget(time.Now()), l.forget)
	}
	return fresh
}

func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.spent.forget(time.Now())
	if next == 0 || l.closed {
		l.timer = nil
		return
	}
	l.timer.Reset(next)
}

// failedLocked says that the engine has been closed where that is the cause, whatever came of it.
func (l *ledger) failedLocked(err error) error {
	if l.closed {
		return errors.Join(ErrStopped, err)
	}
	return err
}
