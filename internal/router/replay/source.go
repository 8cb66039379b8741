package replay

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// pageKey tells pages apart, but for their entries.
type pageKey struct {
	subscription wamp.ID
	format       *outbox.Format
	positions    bool
	prev, first  uint64
	entries      int
	live, gap    bool
	retained     bool
	gapAt        int
}

const (
	// maxPages and maxPageBytes bound the pages that a realm remembers.
	maxPages     = 64
	maxPageBytes = 8 << 20
)

// Source holds what the replays of a realm share: the journal, and the last pages that were made of it. Safe for
// concurrent use.
type Source struct {
	Journal   publication.Journal // nil: nothing is kept
	Log       *slog.Logger
	Encodings *atomic.Uint64 // counts events that were encoded

	mu    sync.Mutex // guards what follows; no lock is taken under it
	known map[pageKey]*Page
	order []pageKey // oldest first
	bytes int
}

// get returns the page with exactly these entries, or nil.
func (s *Source) get(key pageKey, entries []*publication.Entry) *Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.known[key]; found != nil && slices.Equal(found.entries, entries) {
		return found
	}
	return nil
}

// add remembers a page in place of one with the same key.
func (s *Source) add(key pageKey, added *Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = make(map[pageKey]*Page)
	}
	if old := s.known[key]; old != nil {
		s.bytes -= old.bytes
	} else {
		s.order = append(s.order, key)
	}
	s.known[key] = added
	s.bytes += added.bytes
	for len(s.order) > maxPages || s.bytes > maxPageBytes {
		oldest := s.order[0]
		s.order = slices.Delete(s.order, 0, 1)
		s.bytes -= s.known[oldest].bytes
		delete(s.known, oldest)
	}
}
