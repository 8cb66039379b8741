package client

import (
	"context"
	"net"
	"sync"
)

// outgoing is the queue of frames for the server. Any goroutine puts frames, and one writer takes them.
type outgoing struct {
	limit int
	wake  chan struct{} // holds one token while there may be something to take

	mu     sync.Mutex // guards what follows
	frames net.Buffers
	bytes  int
	room   chan struct{} // closed when a full queue has room again; nil while no goroutine waits
}

func newOutgoing(limit int) *outgoing {
	return &outgoing{limit: limit, wake: make(chan struct{}, 1)}
}

// put appends a frame. It never blocks: frames that the protocol requires are queued even over the limit.
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

// take returns all queued frames and makes room.
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

// wait blocks until there is room, ctx has ended, or the connection is gone.
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
			return nil // the next request reports the lost connection
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
