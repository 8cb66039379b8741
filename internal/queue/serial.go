package queue

import "sync"

// Serial passes queued values on in their order, without a lock held. The zero Serial is empty. A mutex of the caller
// guards it.
//
// A state that changes under a lock often has to tell of each change in the order of the changes, and may not hold the
// lock while it tells. So the change is queued under the lock, and one goroutine at a time empties the queue. A
// goroutine that finds the queue being emptied leaves its values to the other.
type Serial[T any] struct {
	pending []T
	busy    bool // a goroutine is in Drain
}

// Push appends values. Caller must hold the mutex.
func (q *Serial[T]) Push(values ...T) { q.pending = append(q.pending, values...) }

// Clear drops the values that wait. Caller must hold the mutex.
func (q *Serial[T]) Clear() { q.pending = nil }

// Empty reports whether no value waits. Caller must hold the mutex.
func (q *Serial[T]) Empty() bool { return len(q.pending) == 0 }

// Drain calls pass with each value, until none is left. If another goroutine is in Drain it returns at
// once, and the other one passes these values too. Caller must hold mu; Drain releases it while pass
// runs and holds it again on return, also after a panic of pass: the values behind the one that panicked then wait
// for the next Drain.
func (q *Serial[T]) Drain(mu sync.Locker, pass func(T)) {
	if q.busy {
		return
	}
	q.busy = true
	defer func() { q.busy = false }()
	for len(q.pending) > 0 {
		passUnlocked(mu, q.pop(), pass)
	}
}

func (q *Serial[T]) pop() T {
	value := q.pending[0]
	clear(q.pending[:1]) // the array must not keep what the value refers to
	if q.pending = q.pending[1:]; len(q.pending) == 0 {
		q.pending = nil
	}
	return value
}

func passUnlocked[T any](mu sync.Locker, value T, pass func(T)) {
	mu.Unlock()
	defer mu.Lock()
	pass(value)
}
