package queue

import (
	"sync"
	"sync/atomic"
)

// Mailbox is a [Serial] with a lock of its own. Looking into an empty one is an atomic load. Safe for concurrent use.
type Mailbox[T any] struct {
	pending atomic.Int64 // values in queue, and the one that is being passed on

	mu    sync.Mutex // guards what follows; no lock is taken under it
	queue Serial[T]
}

// Put queues a value. The goroutine calls Drain once it holds no lock.
func (m *Mailbox[T]) Put(value T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending.Add(1)
	m.queue.Push(value)
}

// Empty reports whether no value waits or is being passed on.
func (m *Mailbox[T]) Empty() bool { return m.pending.Load() == 0 }

// Drain calls pass with each value in their order, unless another goroutine does. Must not hold a lock.
func (m *Mailbox[T]) Drain(pass func(T)) {
	if m.Empty() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue.Drain(&m.mu, func(value T) {
		defer m.pending.Add(-1)
		pass(value)
	})
}
