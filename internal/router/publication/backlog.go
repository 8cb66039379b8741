package publication

import (
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Backlog holds what is published while a subscriber reads what was retained. Safe for concurrent use.
type Backlog struct {
	mu      sync.Mutex // guards what follows; no lock is taken under it
	entries []*Entry
	bytes   int // of their payloads
}

// Add queues entries. It reports false, and forgets the queue, if there are more than maxEntries or maxBytes.
func (b *Backlog) Add(entries []*Entry, maxEntries, maxBytes int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.bytes += len(e.Payload.Args) + len(e.Payload.Kwargs)
	}
	if len(b.entries)+len(entries) > maxEntries || b.bytes > maxBytes {
		b.entries = nil
		return false
	}
	b.entries = append(b.entries, entries...)
	return true
}

// Replay holds the entries for a subscriber that is not a member yet.
type Replay struct {
	Retained []*Entry
	Queued   []*Entry // published since
}

// Replay returns what was read and then what is queued. What is in both is in its place in the queue only.
func (b *Backlog) Replay(read []*Entry) Replay {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(read) > 0 && len(b.entries) > 0 {
		queued := make(map[wamp.ID]bool, len(b.entries))
		for _, e := range b.entries {
			queued[e.Publication] = true
		}
		read = slices.DeleteFunc(read, func(e *Entry) bool { return queued[e.Publication] })
	}
	return Replay{Retained: read, Queued: b.entries}
}
