package cluster

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// MaxGroup is the most ids of one entry.
const MaxGroup = maxGroup

// LogStore is a log without an engine, which works in a bubble of testing/synctest.
type LogStore struct {
	Before func(context.Context) error // fails an append before the entry is there
	After  func() error                // fails an append although the entry is there

	Forgotten cutoff // what the log has lost

	mu      sync.Mutex // guards what follows
	entries []entry
}

// Appends returns the number of entries.
func (s *LogStore) Appends() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// Remove empties the log.
func (s *LogStore) Remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = nil
}

func (s *LogStore) append(ctx context.Context, digests []byte) (sequence uint64, err error) {
	if s.Before != nil {
		if err := s.Before(ctx); err != nil {
			return 0, err
		}
	}
	s.mu.Lock()
	sequence = uint64(len(s.entries)) + 1
	s.entries = append(s.entries, entry{sequence: sequence, at: time.Now(), digests: digests})
	s.mu.Unlock()
	if s.After != nil {
		err = s.After()
	}
	return sequence, err
}

func (s *LogStore) read(_ context.Context, from, to uint64, see func(entry) error) error {
	s.mu.Lock()
	wanted := s.entries[from-1 : to-1]
	s.mu.Unlock()
	for _, e := range wanted {
		if err := see(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *LogStore) ready() error { return nil }

func (s *LogStore) recover(ctx context.Context, see func(entry) error) (cutoff, error) {
	return s.Forgotten, s.read(ctx, 1, uint64(s.Appends())+1, see)
}

// NewReplayGuard returns a guard without an engine.
func NewReplayGuard(options ReplayGuardOptions) *ReplayGuard { return &ReplayGuard{options: options} }

// Open opens the guard on a log, or without one.
func (o *ReplayGuard) Open(ctx context.Context, log *LogStore) error {
	if log == nil {
		return o.open(ctx, nil)
	}
	return o.open(ctx, log)
}

// Close closes the guard.
func (o *ReplayGuard) Close() { o.close() }

// Remembered returns the number of ids that are remembered.
func (o *ReplayGuard) Remembered() int {
	l := o.log.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen.size
}

// Waiting returns the number of ids that are not written yet.
func (o *ReplayGuard) Waiting() int {
	l := o.log.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending
}

// OpenAsNode opens the guard on its log in a running engine, as another node would.
func (e *Engine) OpenAsNode(ctx context.Context, o *ReplayGuard) error {
	return e.openGuard(ctx, e.running.Load(), o)
}

var _ logStore = (*LogStore)(nil)

// Health is the health of a store without a store.
type Health struct{ *health }

// NewHealth returns the health of a store that works.
func NewHealth(dir string, log *slog.Logger) Health { return Health{newHealth(dir, log)} }

// Write calls f as writes to the store do.
func (h Health) Write(ctx context.Context, f func(context.Context) error) error {
	return h.write(ctx, f)
}

// CheckBlocks checks the message blocks of a stream.
func CheckBlocks(streamDir string) error { return checkBlocks(streamDir) }
