package maintenance_test

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// store is what nodes share, in a test.
type store struct {
	mu         sync.Mutex
	value      []byte
	version    uint64
	watching   []chan struct{} // told of changes; the value is read when they get to it
	broken     error
	beforeSave func() // called once, without the lock, as if another node were faster
}

var errBroken = errors.New("the disk is full")

func (s *store) Load(context.Context) ([]byte, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.value), s.version, s.broken
}

func (s *store) Save(_ context.Context, value []byte, version uint64) (uint64, bool, error) {
	s.mu.Lock()
	before := s.beforeSave
	s.beforeSave = nil
	s.mu.Unlock()
	if before != nil {
		before()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return 0, false, s.broken
	}
	if version != s.version {
		return 0, false, nil
	}
	s.value, s.version = slices.Clone(value), s.version+1
	for _, w := range s.watching {
		select {
		case w <- struct{}{}:
		default:
		}
	}
	return s.version, true, nil
}

func (s *store) Watch(ctx context.Context, see func([]byte, uint64)) error {
	changed := make(chan struct{}, 1)
	s.mu.Lock()
	s.watching = append(s.watching, changed)
	s.mu.Unlock()
	for {
		value, version, err := s.Load(ctx)
		if err != nil {
			return err
		}
		if version > 0 {
			see(value, version)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}
