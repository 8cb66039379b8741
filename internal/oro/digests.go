package oro

import (
	"container/list"
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

const (
	// DefaultQueue bounds the logins of pages that wait for a digest. A processor computes some 450 in a second.
	DefaultQueue = 8192
	// DefaultWait bounds their wait. It is shorter than websocket.hello, after which a client has to be joined.
	DefaultWait = 8 * time.Second
	// DefaultBackendQueue bounds the logins of backends that wait: as many as one processor computes in time.
	DefaultBackendQueue = 400
	// DefaultBackendWait bounds their wait. Oro's client gives up after a second, which includes everything else.
	DefaultBackendWait = 900 * time.Millisecond
)

// withDefaults replaces zeros by the defaults.
func (o LoginOptions) withDefaults() LoginOptions {
	if o.AtOnce <= 0 {
		o.AtOnce = runtime.GOMAXPROCS(0)
	}
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	if o.Wait <= 0 {
		o.Wait = DefaultWait
	}
	if o.BackendQueue <= 0 {
		o.BackendQueue = DefaultBackendQueue
	}
	if o.BackendWait <= 0 {
		o.BackendWait = DefaultBackendWait
	}
	if o.BackendTickets <= 0 {
		o.BackendTickets = DefaultBackendTickets
	}
	return o
}

// lane is one of the queues for digests, in the order in which they are served. In each the first is served first.
type lane int

const (
	laneBackends      lane = iota // from addresses that are trusted
	laneOtherBackends             // whose addresses may be a stranger's
	laneKnownPages                // whose users have logged in from their addresses before
	lanePages
	lanes = iota
)

var (
	errQueueFull = errors.New("too many logins wait for their turn")
	errQueueSlow = errors.New("the turn did not come in time")
)

// digestQueue lets as many digests be computed at once as there are processors. The other logins wait for their turn.
// Safe for concurrent use.
type digestQueue struct {
	limits LoginOptions // static

	mu      sync.Mutex // guards what follows; a leaf
	free    int        // processors
	waiting [lanes]list.List
}

// digestTurn is a login that waits; its channel is closed when its turn has come.
type digestTurn chan struct{}

func newDigestQueue(o LoginOptions) *digestQueue {
	return &digestQueue{limits: o, free: o.AtOnce}
}

// wait returns how long a login may wait in a queue for backends or pages.
func (q *digestQueue) wait(backend bool) time.Duration {
	if backend {
		return q.limits.BackendWait
	}
	return q.limits.Wait
}

// most returns the length of a lane.
func (q *digestQueue) most(l lane) int {
	if l == laneBackends || l == laneOtherBackends {
		return q.limits.BackendQueue
	}
	return q.limits.Queue
}

// do calls compute when it is its turn. An error means that compute was not called.
func (q *digestQueue) do(ctx context.Context, l lane, wait time.Duration, compute func()) error {
	if err := q.enter(ctx, l, wait); err != nil {
		return err
	}
	defer q.leave()
	compute()
	return nil
}

// enter blocks until a processor is free for the login.
func (q *digestQueue) enter(ctx context.Context, l lane, wait time.Duration) error {
	q.mu.Lock()
	if q.free > 0 { // nothing waits then
		q.free--
		q.mu.Unlock()
		return nil
	}
	if q.waiting[l].Len() >= q.most(l) {
		q.mu.Unlock()
		return errQueueFull
	}
	turn := make(digestTurn)
	place := q.waiting[l].PushBack(turn)
	q.mu.Unlock()

	timer := time.NewTimer(wait)
	defer timer.Stop()
	err := errQueueSlow
	select {
	case <-turn:
		return nil
	case <-timer.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-turn: // it has come meanwhile
		q.leaveLocked()
	default:
		q.waiting[l].Remove(place)
	}
	return err
}

func (q *digestQueue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leaveLocked()
}

// leaveLocked gives a processor to the next login, or frees it. Caller must hold mu.
func (q *digestQueue) leaveLocked() {
	for l := range q.waiting {
		if first := q.waiting[l].Front(); first != nil {
			turn, _ := q.waiting[l].Remove(first).(digestTurn)
			close(turn)
			return
		}
	}
	q.free++
}
