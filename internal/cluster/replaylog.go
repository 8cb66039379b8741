package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// maxGroup bounds the ids of one entry of the log, to 64 KiB: the engine accepts up to 1 MiB.
const maxGroup = 4096

// logStore is a log that nodes share: every node reads the same entries at the same sequence numbers.
type logStore interface {
	// append adds an entry behind all others and returns its sequence number. After an error the entry may
	// be in the log or not.
	append(ctx context.Context, digests []byte) (sequence uint64, err error)
	// recover calls see with all entries. It returns which ids the log may have forgotten.
	recover(ctx context.Context, see func(entry) error) (cutoff, error)
	// ready returns why append would fail, or nil.
	ready() error
	// read calls see with the entries from one sequence number until before another, in order. Entries that
	// are too old are no longer there.
	read(ctx context.Context, from, to uint64, see func(entry) error) error
}

// entry is one entry of the log: ids that were used together.
type entry struct {
	sequence uint64 // one more than that of the entry before
	at       time.Time
	digests  []byte
}

// replayLog is a [ReplayGuard] while the engine runs. A caller of use joins a group. While one group is being
// written the next one gathers, so a caller waits for one or two appends. The sequence number of an append shows
// whether another node has written since; if so, its entries are read first. So all nodes process the same entries
// in the same order, and the first entry with a digest is the first use.
type replayLog struct {
	// static
	options ReplayGuardOptions
	ctx     context.Context
	cancel  context.CancelFunc // of ctx; the engine closes
	writers sync.WaitGroup     // one at most

	turn     sync.Mutex // held while the store is used; guards what follows
	readUpTo uint64     // the last entry whose digests are in seen

	mu      sync.Mutex // guards what follows; taken after turn
	store   logStore   // nil: no other process could read it
	cutoff  cutoff
	closed  bool
	seen    digests
	groups  []*group    // waiting to be written, in order
	pending int         // ids in groups and in the group that is being written
	writing bool        // a writer is running
	timer   *time.Timer // expires digests; nil while there are none
}

// group is one future entry of the log; its callers wait for done.
type group struct {
	digests []byte
	done    chan struct{} // closed when what follows is set
	first   []bool        // one for each digest
	err     error
}

func newReplayLog(options ReplayGuardOptions) *replayLog {
	l := &replayLog{options: options, seen: digests{ttl: options.TTL}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// close waits for the writer. Callers that still wait get an error.
func (l *replayLog) close() {
	l.mu.Lock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.cancel()
	l.writers.Wait()
}

// attach gives the log a store, in place of the one before, and reads it.
func (l *replayLog) attach(ctx context.Context, store logStore) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.readUpTo = 0
	forgotten, err := store.recover(ctx, l.replay)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.store, l.cutoff = store, forgotten
	l.mu.Unlock()
	return l.commit(ctx, &group{}) // other nodes may have written meanwhile
}

func (l *replayLog) use(ctx context.Context, d digest, issued time.Time) (first bool, err error) {
	l.mu.Lock()
	var g *group
	switch {
	case l.closed:
		err = ErrStopped
	case l.seen.has(d):
	case l.forgottenLocked(issued):
		err = &ForgottenError{Before: l.cutoff.before}
	case l.store != nil && l.store.ready() != nil:
		err = l.store.ready()
	case l.seen.size+l.pending >= l.options.Most:
		err = ErrFull
	case l.store == nil:
		first = l.addLocked(d, time.Now())
	default:
		g = l.enqueueLocked(d)
	}
	if g == nil {
		l.mu.Unlock()
		return first, err
	}
	mine := len(g.digests)/digestBytes - 1
	l.mu.Unlock()
	select {
	case <-g.done:
	case <-ctx.Done():
		return false, fmt.Errorf("wait for the log of used ids: %w", ctx.Err())
	}
	if g.err != nil {
		return false, g.err
	}
	return g.first[mine], nil
}

// forgottenLocked reports whether an id of that time of issue may have been used before the log began. Caller must hold
// mu.
func (l *replayLog) forgottenLocked(issued time.Time) bool {
	c := l.cutoff
	if c.before.IsZero() || l.options.TTL > 0 && time.Since(c.before) > l.options.TTL {
		return false
	}
	if issued.IsZero() {
		return c.unknown
	}
	return issued.Before(c.before)
}

// enqueueLocked adds a digest to the group that gathers. Caller must hold mu.
func (l *replayLog) enqueueLocked(d digest) *group {
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

// write commits one group after the other until none is left.
func (l *replayLog) write() {
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
		l.turn.Lock()
		l.commit(l.ctx, g) //nolint:errcheck // is in the group
		l.turn.Unlock()
		close(g.done)
	}
}

// commit appends a group to the log and finds out which of its uses were the first. Caller must hold turn.
func (l *replayLog) commit(ctx context.Context, g *group) error {
	l.mu.Lock()
	store := l.store
	l.mu.Unlock()
	sequence, err := store.append(ctx, g.digests)
	if err == nil {
		err = l.readBefore(ctx, store, sequence)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending -= len(g.digests) / digestBytes
	if err != nil {
		g.err = l.failedLocked(err)
		return g.err
	}
	l.readUpTo = sequence
	now := time.Now()
	g.first = make([]bool, 0, len(g.digests)/digestBytes)
	for d := range slices.Chunk(g.digests, digestBytes) {
		g.first = append(g.first, l.addLocked(digest(d), now))
	}
	return nil
}

// readBefore reads the entries before one that this node has written. There are none unless another node has written,
// or an append has failed. Caller must hold turn.
func (l *replayLog) readBefore(ctx context.Context, store logStore, sequence uint64) error {
	if sequence <= l.readUpTo { // the log was deleted and created again
		l.readUpTo = 0
	}
	if sequence == l.readUpTo+1 {
		return nil
	}
	return store.read(ctx, l.readUpTo+1, sequence, l.replay)
}

// replay adds the ids of an entry. Caller must hold turn.
func (l *replayLog) replay(e entry) error {
	if len(e.digests)%digestBytes != 0 {
		return fmt.Errorf("entry %d of the log has %d bytes, which is no whole number of digests", e.sequence, len(e.digests))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for d := range slices.Chunk(e.digests, digestBytes) {
		l.addLocked(digest(d), e.at)
	}
	l.readUpTo = e.sequence
	return nil
}

// addLocked adds a digest and reports whether it is new. Caller must hold mu.
func (l *replayLog) addLocked(d digest, at time.Time) (first bool) {
	first = l.seen.add(d, at)
	if first && l.timer == nil && l.options.TTL > 0 {
		l.timer = time.AfterFunc(l.seen.expire(time.Now()), l.expire)
	}
	return first
}

func (l *replayLog) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.seen.expire(time.Now())
	if next == 0 || l.closed {
		l.timer = nil
		return
	}
	l.timer.Reset(next)
}

// failedLocked adds [ErrStopped] to an error after close. Caller must hold mu.
func (l *replayLog) failedLocked(err error) error {
	if l.closed {
		return errors.Join(ErrStopped, err)
	}
	return err
}
