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
	options HashOptions

	mu      sync.Mutex // guards what follows
	free    int        // threads
	waiting [2]list.List
}

// The places in hashing.waiting, of *hashTurn, in the order in which they are served.
const (
	queueKnown = iota
	queueStrangers
)

// hashTurn is a login that waits.
type hashTurn struct {
	threads int
	come    chan struct{} // closed when it has its threads
}

func newHashing(o HashOptions) *hashing {
	if o.AtOnce <= 0 {
		o.AtOnce = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if o.Queue <= 0 {
		o.Queue = DefaultHashQueue
	}
	if o.Wait <= 0 {
		o.Wait = DefaultHashWait
	}
	return &hashing{options: o, free: o.AtOnce}
}

// do calls hash, which runs so many threads, when it is its turn. An error means that hash was not called.
func (h *hashing) do(ctx context.Context, threads int, known bool, hash func()) error {
	threads = min(threads, h.options.AtOnce)
	if err := h.wait(ctx, threads, known); err != nil {
		return err
	}
	defer h.release(threads)
	hash()
	return nil
}

func (h *hashing) wait(ctx context.Context, threads int, known bool) error {
	queue := queueStrangers
	if known {
		queue = queueKnown
	}
	turn := &hashTurn{threads: threads, come: make(chan struct{})}
	h.mu.Lock()
	if h.waiting[queue].Len() >= h.options.Queue {
		h.mu.Unlock()
		return errQueueFull
	}
	place := h.waiting[queue].PushBack(turn)
	h.serveLocked()
	h.mu.Unlock()

	timer := time.NewTimer(h.options.Wait)
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
		h.free += threads
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
			if turn.threads > h.free {
				return
			}
			h.free -= turn.threads
			h.waiting[queue].Remove(first)
			close(turn.come)
		}
	}
}
