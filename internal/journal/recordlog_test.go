package journal_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
)

// recordLog is a log in memory, which can fail.
type recordLog struct {
	mu      sync.Mutex
	records map[uint64][]byte
	last    uint64 // the last number
	known   uint64 // the last one that was acknowledged; 0: not found

	refuse error // of the next appends
	lost   error // of the next appends, whose records are stored
	unwell error // of Ready
	untrim error
	after  func() // called after each change, without a lock
}

func newRecordLog() *recordLog { return &recordLog{records: make(map[uint64][]byte)} }

// Append implements [journal.Log].
func (l *recordLog) Append(_ context.Context, record []byte) (uint64, error) {
	defer l.changed()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return 0, l.refuse
	}
	l.last++
	l.records[l.last] = bytes.Clone(record)
	if l.lost != nil {
		return 0, l.lost
	}
	l.known = l.last
	return l.last, nil
}

// Read implements [journal.Log].
func (l *recordLog) Read(_ context.Context, from uint64, see func(uint64, []byte) error) error {
	l.mu.Lock()
	numbers := slices.Sorted(maps.Keys(l.records))
	l.mu.Unlock()
	for _, n := range numbers {
		if n < from {
			continue
		}
		if err := see(n, l.records[n]); err != nil {
			return err
		}
	}
	return nil
}

// Trim implements [journal.Log].
func (l *recordLog) Trim(_ context.Context, before uint64) error {
	defer l.changed()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.untrim != nil {
		return l.untrim
	}
	maps.DeleteFunc(l.records, func(n uint64, _ []byte) bool { return n < before })
	return nil
}

// Known implements [journal.Log].
func (l *recordLog) Known(context.Context) (uint64, bool, error) { return l.known, l.known > 0, nil }

// Ready implements [journal.Log].
func (l *recordLog) Ready() error { return l.unwell }

func (l *recordLog) changed() {
	if l.after != nil {
		l.after()
	}
}

// copied returns the log as a process that dies now leaves it.
func (l *recordLog) copied() *recordLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &recordLog{records: maps.Clone(l.records), last: l.last, known: l.known}
}
