package cluster

import (
	"context"
	"sync"
	"time"
)

// MaxGroup is how many ids an entry of a journal holds.
const MaxGroup = maxGroup

// Journal is a journal without an engine, which works in a bubble of testing/synctest.
type Journal struct {
	Before func(context.Context) error // fails an append before the entry is there
	After  func() error                // fails an append although the entry is there

	mu      sync.Mutex // guards what follows
	entries []entry
}

// Appends is how many entries there are.
func (j *Journal) Appends() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.entries)
}

// Remove makes the journal anew.
func (j *Journal) Remove() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = nil
}

func (j *Journal) append(ctx context.Context, digests []byte) (place uint64, err error) {
	if j.Before != nil {
		if err := j.Before(ctx); err != nil {
			return 0, err
		}
	}
	j.mu.Lock()
	place = uint64(len(j.entries)) + 1
	j.entries = append(j.entries, entry{place: place, at: time.Now(), digests: digests})
	j.mu.Unlock()
	if j.After != nil {
		err = j.After()
	}
	return place, err
}

func (j *Journal) read(_ context.Context, from, to uint64, see func(entry) error) error {
	j.mu.Lock()
	wanted := j.entries[from-1 : to-1]
	j.mu.Unlock()
	for _, e := range wanted {
		if err := see(e); err != nil {
			return err
		}
	}
	return nil
}

// NewOnce makes one that no engine knows.
func NewOnce(options OnceOptions) *Once { return &Once{options: options} }

// Open opens it on a journal, or without one.
func (o *Once) Open(ctx context.Context, j *Journal) error {
	if j == nil {
		return o.open(ctx, nil)
	}
	return o.open(ctx, j)
}

// Close closes it.
func (o *Once) Close() { o.close() }

// Remembered is how much is remembered.
func (o *Once) Remembered() int {
	l := o.ledger.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spent.size
}

// Waiting is how many ids are not yet written.
func (o *Once) Waiting() int {
	l := o.ledger.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending
}

// OpenAsNode opens it on the journal that it has in a running engine, as another node would.
func (e *Engine) OpenAsNode(ctx context.Context, o *Once) error {
	return e.openOnce(ctx, e.running.Load(), o)
}

var _ journal = (*Journal)(nil)
