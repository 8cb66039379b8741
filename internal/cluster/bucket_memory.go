package cluster

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// memoryStore is a [bucketStore] in memory. It needs neither a server nor a folder: JetStream has no store without one,
// even if all its streams are in memory.
type memoryStore struct {
	options BucketOptions
	closed  chan struct{}

	mu       sync.Mutex // guards what follows
	entries  map[string]memoryEntry
	bytes    int64
	revision uint64
	watchers map[*memoryWatcher]struct{}
}

type memoryEntry struct {
	value    []byte
	revision uint64
	expires  time.Time // zero: never
}

func newMemoryStore(options BucketOptions) *memoryStore {
	return &memoryStore{
		options: options, closed: make(chan struct{}),
		entries: make(map[string]memoryEntry), watchers: make(map[*memoryWatcher]struct{}),
	}
}

func (s *memoryStore) close() { close(s.closed) }

func (s *memoryStore) create(_ context.Context, key string, value []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.findLocked(key); exists {
		return 0, ErrExists
	}
	return s.storeLocked(key, value)
}

func (s *memoryStore) get(_ context.Context, key string) ([]byte, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, exists := s.findLocked(key)
	if !exists {
		return nil, 0, ErrNotFound
	}
	return bytes.Clone(e.value), e.revision, nil
}

func (s *memoryStore) put(_ context.Context, key string, value []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.storeLocked(key, value)
}

func (s *memoryStore) update(_ context.Context, key string, value []byte, revision uint64) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, _ := s.findLocked(key); e.revision != revision {
		return 0, ErrConflict
	}
	return s.storeLocked(key, value)
}

func (s *memoryStore) remove(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, exists := s.findLocked(key); exists {
		s.dropLocked(key, e)
		s.revision++
		s.tellLocked(key, Entry{Revision: s.revision, Deleted: true})
	}
	return nil
}

// findLocked returns the entry of a key, and drops it if it has expired. Caller must hold mu.
func (s *memoryStore) findLocked(key string) (memoryEntry, bool) {
	e, exists := s.entries[key]
	if exists && s.expired(e) {
		s.dropLocked(key, e)
		return memoryEntry{}, false
	}
	return e, exists
}

func (s *memoryStore) expired(e memoryEntry) bool {
	return !e.expires.IsZero() && !time.Now().Before(e.expires)
}

// dropLocked removes an entry. Caller must hold mu.
func (s *memoryStore) dropLocked(key string, e memoryEntry) {
	s.bytes -= sizeOf(key, e.value)
	delete(s.entries, key)
}

func sizeOf(key string, value []byte) int64 { return int64(len(key) + len(value)) }

// storeLocked stores a value within the bounds of the bucket. Caller must hold mu.
func (s *memoryStore) storeLocked(key string, value []byte) (uint64, error) {
	if most := s.options.MaxValue; most > 0 && len(value) > int(most) {
		return 0, fmt.Errorf("the value has %d bytes; at most %d are taken", len(value), most)
	}
	if s.bytes+sizeOf(key, value) > s.options.MaxBytes {
		s.sweepLocked()
	}
	old, exists := s.findLocked(key)
	after := s.bytes + sizeOf(key, value)
	if exists {
		after -= sizeOf(key, old.value)
	}
	if after > s.options.MaxBytes {
		return 0, fmt.Errorf("the bucket is full: it holds at most %d bytes", s.options.MaxBytes)
	}
	if exists {
		s.dropLocked(key, old)
	}
	s.revision++
	e := memoryEntry{value: bytes.Clone(value), revision: s.revision}
	if s.options.TTL > 0 {
		e.expires = time.Now().Add(s.options.TTL)
	}
	s.entries[key] = e
	s.bytes += sizeOf(key, value)
	s.tellLocked(key, Entry{Value: e.value, Revision: e.revision})
	return e.revision, nil
}

// sweepLocked drops all entries that have expired. Caller must hold mu.
func (s *memoryStore) sweepLocked() {
	for key, e := range s.entries {
		if s.expired(e) {
			s.dropLocked(key, e)
		}
	}
}

// memoryWatcher holds the entries that one watch has not seen yet.
type memoryWatcher struct {
	key     string
	pending []Entry       // guarded by the store's mu
	wake    chan struct{} // holds one
}

// tellLocked queues an entry for the watches of its key. Caller must hold mu.
func (s *memoryStore) tellLocked(key string, e Entry) {
	for w := range s.watchers {
		if w.key == key {
			w.tell(e)
		}
	}
}

// tell queues an entry. Caller must hold the store's mu.
func (w *memoryWatcher) tell(e Entry) {
	w.pending = append(w.pending, e)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (s *memoryStore) watch(ctx context.Context, key string, see func(Entry)) error {
	w := &memoryWatcher{key: key, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	s.watchers[w] = struct{}{}
	if e, exists := s.findLocked(key); exists {
		w.tell(Entry{Value: e.value, Revision: e.revision})
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.watchers, w)
		s.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.closed:
			return errStoreClosed
		case <-w.wake:
		}
		s.mu.Lock()
		pending := w.pending
		w.pending = nil
		s.mu.Unlock()
		for _, e := range pending {
			e.Value = bytes.Clone(e.Value)
			see(e)
		}
	}
}

var _ bucketStore = (*memoryStore)(nil)
