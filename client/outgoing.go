package client

import (
	"context"
	"net"
	"sync"
)

// outgoing is what waits to be written to the server. Anybody puts, one writer takes.
type outgoing struct {
	limit int
	wake  chan struct{} // holds one token while there may be something to take

	mu     sync.Mutex // guards what follows
	frames net.Buffers
	bytes  int
	room   chan struct{} // closed and made anew when a full queue has room again; nil while nobody waits
}

func newOutgoing(limit int) *outgoing {
	return &outgoing{limit: limit, wake: make(chan struct{}, 1)}
}

// put appends a frame and never blocks: what the protocol obliges the client to say goes out even
// when the queue is over its limit.
func (o *outgoing) put(frame []byte) {
	o.mu.Lock()
	o.frames = append(o.frames, frame)
	o.bytes += len(frame)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take gives everything that waits and makes room.
func (o *outgoing) take() net.Buffers {
	o.mu.Lock()
	defer o.mu.Unlock()
	frames := o.frames
	o.frames, o.bytes = nil, 0
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	return frames
}

// wait returns once there is room, or ctx has ended, or the connection is gone.
func (o *outgoing) wait(ctx context.Context, gone <-chan struct{}) error {
	for {
		o.mu.Lock()
		if o.bytes < o.limit {
			o.mu.Unlock()
			return nil
		}
		if o.room == nil {
			o.room = make(chan struct{})
		}
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
		case <-gone:
			return nil // whoever sends next is told that the connection is lost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
