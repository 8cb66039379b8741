package auth

import (
	"container/list"
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

const (
	// DefaultHashWait bounds the wait for the hash of a password. It is half of the time that a client has to join.
	DefaultHashWait = 5 * time.Second
	// DefaultHashQueue bounds the logins that wait. As many are hashed in DefaultHashWait by one processor.
	DefaultHashQueue = 200
)

// HashOptions limits the hashing of passwords. The zero value has the defaults.
type HashOptions struct {
	AtOnce int           // threads; 0: half of the processors
	Queue  int           // logins that wait, and as many from known addresses; 0: DefaultHashQueue
	Wait   time.Duration // 0: DefaultHashWait
}

var (
	errQueueFull = errors.New("too many logins wait for their turn")
	errQueueSlow = errors.New("the turn did not come in time")
)

// hashing shares the processors between the hashing of passwords and everything else. Logins wait for their turn: those
// from an address where their account has logged in before come first, so that strangers cannot keep users out by
// logins that fail.
type hashing struct {
	mu      sync.Mutex // guards what follows
	options HashOptions
	free    int // threads; below 0 if there were more of them before
	waiting [2]list.List
}

// The places in hashing.waiting, of *hashTurn, in the order in which they are served.
const (
	queueKnown = iota
	queueStrangers
)

// hashTurn is a login that waits.
type hashTurn struct {
	threads int           // at most as many as there are, once it has them
	come    chan struct{} // closed when it has its threads
}

func newHashing(o HashOptions) *hashing {
	o = o.withDefaults()
	return &hashing{options: o, free: o.AtOnce}
}

func (o HashOptions) withDefaults() HashOptions {
	if o.AtOnce <= 0 {
		o.AtOnce = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if o.Queue <= 0 {
		o.Queue = DefaultHashQueue
	}
	if o.Wait <= 0 {
		o.Wait = DefaultHashWait
	}
	return o
}

// change replaces the options. Logins that hash or wait already go on.
func (h *hashing) change(o HashOptions) {
	o = o.withDefaults()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free += o.AtOnce - h.options.AtOnce
	h.options = o
	h.serveLocked()
}

// do calls hash, which runs so many threads, when it is its turn. An error means that hash was not called.
func (h *hashing) do(ctx context.Context, threads int, known bool, hash func()) error {
	turn := &hashTurn{threads: threads, come: make(chan struct{})}
	if err := h.wait(ctx, turn, known); err != nil {
		return err
	}
	defer h.release(turn.threads)
	hash()
	return nil
}

func (h *hashing) wait(ctx context.Context, turn *hashTurn, known bool) error {
	queue := queueStrangers
	if known {
		queue = queueKnown
	}
	h.mu.Lock()
	limits := h.options
	if h.waiting[queue].Len() >= limits.Queue {
		h.mu.Unlock()
		return errQueueFull
	}
	place := h.waiting[queue].PushBack(turn)
	h.serveLocked()
	h.mu.Unlock()

	timer := time.NewTimer(limits.Wait)
	defer timer.Stop()
	err := errQueueSlow
	select {
	case <-turn.come:
		return nil
	case <-timer.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-turn.come: // it has come meanwhile
		h.free += turn.threads
	default:
		h.waiting[queue].Remove(place)
	}
	h.serveLocked()
	return err
}

func (h *hashing) release(threads int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free += threads
	h.serveLocked()
}

// serveLocked gives free threads to the logins that wait. No login passes one that needs more threads than are free,
// which would wait for ever. Caller must hold mu.
func (h *hashing) serveLocked() {
	for queue := range h.waiting {
		for first := h.waiting[queue].Front(); first != nil; first = h.waiting[queue].Front() {
			turn, _ := first.Value.(*hashTurn)
			turn.threads = min(turn.threads, h.options.AtOnce)
			if turn.threads > h.free {
				return
			}
			h.free -= turn.threads
			h.waiting[queue].Remove(first)
			close(turn.come)
		}
	}
}
