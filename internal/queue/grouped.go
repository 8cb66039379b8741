package queue

import (
	"context"
	"sync"
)

// Grouped gives the work for each key one order, and does it in groups. The goroutine that finds its key idle leads: it
// handles what all others have queued meanwhile, then hands the lead to the next that waits. So many goroutines share
// one write to a disk or a network. Safe for concurrent use.
//
// A goroutine that waits holds no lock. Different keys do not wait for each other.
type Grouped[K comparable, V any] struct {
	handle func(key K, group []Waiting[V])

	mu    sync.Mutex // guards what follows; no lock is taken under it
	lines map[K]*line[V]
}

// Waiting is one value of a group, and the goroutine that waits for it.
type Waiting[V any] struct {
	Value V
	turn  chan bool // true: the goroutine leads; false: its value is done. nil: it found the key idle
}

// line holds what waits for one key, while a goroutine leads the key.
type line[V any] struct {
	waiting []Waiting[V]
	settled chan struct{} // closed when the group of the leader is done; nil: no goroutine waits for that
}

// Init sets the function that handles the values of one key, in their order. It is called by one goroutine at a time
// for each key. Init must be called once, before any other method.
func (g *Grouped[K, V]) Init(handle func(key K, group []Waiting[V])) { g.handle = handle }

// Do queues a value and returns once it was handled, or its handling has panicked: the panic is that of the goroutine
// that leads.
func (g *Grouped[K, V]) Do(key K, value V) {
	if group := g.enter(key, value); group != nil {
		defer g.leave(key, group)
		g.handle(key, group)
	}
}

// enter queues a value and waits until it is done or leads its key. It returns the group to lead, or nil.
func (g *Grouped[K, V]) enter(key K, value V) (group []Waiting[V]) {
	g.mu.Lock()
	l := g.lines[key]
	if l == nil {
		if g.lines == nil {
			g.lines = make(map[K]*line[V])
		}
		g.lines[key] = new(line[V])
		g.mu.Unlock()
		return []Waiting[V]{{Value: value}}
	}
	turn := make(chan bool, 1)
	l.waiting = append(l.waiting, Waiting[V]{Value: value, turn: turn})
	g.mu.Unlock()
	if leads := <-turn; !leads {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	group, l.waiting = l.waiting, nil
	return group
}

// leave ends the lead of a key: the group, whose first value is that of the leader, is done, and the next goroutine
// that waits leads.
func (g *Grouped[K, V]) leave(key K, group []Waiting[V]) {
	for _, w := range group[1:] {
		w.turn <- false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lines[key]
	if l.settled != nil {
		close(l.settled)
		l.settled = nil
	}
	if len(l.waiting) == 0 {
		delete(g.lines, key)
		return
	}
	l.waiting[0].turn <- true
}

// Settle waits until the groups that are being handled are done, for the keys that match. matches must be quick.
func (g *Grouped[K, V]) Settle(ctx context.Context, matches func(K) bool) error {
	for _, settled := range g.unsettled(matches) {
		select {
		case <-settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (g *Grouped[K, V]) unsettled(matches func(K) bool) (all []<-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, l := range g.lines {
		if !matches(key) {
			continue
		}
		if l.settled == nil {
			l.settled = make(chan struct{})
		}
		all = append(all, l.settled)
	}
	return all
}
