package queue

import (
	"container/heap"
	"sync"
	"time"
)

// Deadlines calls a function when the earliest of many times has come. One timer serves all keys. Safe for concurrent
// use.
type Deadlines[K comparable] struct {
	due func()

	mu      sync.Mutex // guards what follows; no lock is taken under it
	entries map[K]*deadline[K]
	queue   deadlineHeap[K]
	timer   *time.Timer // nil before the first entry
	stopped bool
}

// deadline is the time of one key.
type deadline[K comparable] struct {
	key   K
	at    time.Time
	index int // in the queue
}

// Init sets the function that is called, in a goroutine of the timer, when a time has come. It calls TakeDue, or has
// another goroutine do it. Init must be called once, before any other method.
func (d *Deadlines[K]) Init(due func()) { d.due = due }

// Set sets the time of a key. The zero time removes the key.
func (d *Deadlines[K]) Set(key K, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.removeLocked(key)
	if !at.IsZero() {
		d.addLocked(key, at)
	}
	d.scheduleLocked()
}

// Add sets the time of a key, unless the key has one.
func (d *Deadlines[K]) Add(key K, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.entries[key] == nil {
		d.addLocked(key, at)
		d.scheduleLocked()
	}
}

// TakeDue returns the keys whose time has come, the earliest first. next returns the next time of a key; the zero time
// removes the key, and so does a nil next. next must be quick and is called with a lock held.
func (d *Deadlines[K]) TakeDue(now time.Time, next func(key K, at time.Time) time.Time) (due []K) {
	var taken []deadline[K]
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) > 0 && !d.queue[0].at.After(now) {
		taken = append(taken, *d.queue[0])
		d.removeLocked(d.queue[0].key)
	}
	for _, t := range taken {
		due = append(due, t.key)
		if next == nil {
			continue
		}
		if at := next(t.key, t.at); !at.IsZero() {
			d.addLocked(t.key, at)
		}
	}
	d.scheduleLocked()
	return due
}

// Stop ends the calls. A call that has begun may still be running.
func (d *Deadlines[K]) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	d.scheduleLocked()
}

// Len returns the number of keys.
func (d *Deadlines[K]) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.queue)
}

func (d *Deadlines[K]) addLocked(key K, at time.Time) {
	if d.entries == nil {
		d.entries = make(map[K]*deadline[K])
	}
	added := &deadline[K]{key: key, at: at}
	d.entries[key] = added
	heap.Push(&d.queue, added)
}

func (d *Deadlines[K]) removeLocked(key K) {
	if entry := d.entries[key]; entry != nil {
		heap.Remove(&d.queue, entry.index)
		delete(d.entries, key)
	}
}

// scheduleLocked sets the timer to the earliest time. Caller must hold mu.
func (d *Deadlines[K]) scheduleLocked() {
	switch {
	case len(d.queue) == 0 || d.stopped:
		if d.timer != nil {
			d.timer.Stop()
		}
	case d.timer == nil:
		d.timer = time.AfterFunc(time.Until(d.queue[0].at), d.due)
	default:
		d.timer.Reset(time.Until(d.queue[0].at))
	}
}

// deadlineHeap is a heap with the earliest entry first.
type deadlineHeap[K comparable] []*deadline[K]

func (h deadlineHeap[K]) Len() int           { return len(h) }
func (h deadlineHeap[K]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h deadlineHeap[K]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements [heap.Interface].
func (h *deadlineHeap[K]) Push(x any) {
	added := x.(*deadline[K])
	added.index = len(*h)
	*h = append(*h, added)
}

// Pop implements [heap.Interface].
func (h *deadlineHeap[K]) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	return last
}
