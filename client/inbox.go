package client

import (
	"context"
	"sync"
	"time"
)

// delivery is one step of the dispatcher: it calls handlers, or tells of a change.
type delivery interface{ deliver(c *Client) }

// inbox is the queue between the reader of the connection and the dispatcher. Whatever is in it comes in order.
type inbox struct {
	limit int
	wake  chan struct{} // holds one token while there may be something to take

	mu     sync.Mutex // guards what follows
	items  []delivery
	closed bool
	room   chan struct{} // closed when a full queue has room again; nil while the reader does not wait
}

func newInbox(limit int) *inbox { return &inbox{limit: limit, wake: make(chan struct{}, 1)} }

// put appends a delivery. It never blocks: the reader has waited for room, and each subscription has at most one
// change of its status in the queue.
func (b *inbox) put(d delivery) {
	b.mu.Lock()
	if !b.closed {
		b.items = append(b.items, d)
	}
	b.mu.Unlock()
	b.signal()
}

func (b *inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take waits for the next delivery. It returns false when the queue is closed and empty.
func (b *inbox) take() (delivery, bool) {
	for {
		b.mu.Lock()
		if len(b.items) > 0 {
			d := b.items[0]
			b.items[0] = nil
			b.items = b.items[1:]
			if b.room != nil && len(b.items) < b.limit {
				close(b.room)
				b.room = nil
			}
			b.mu.Unlock()
			return d, true
		}
		closed := b.closed
		b.mu.Unlock()
		if closed {
			return nil, false
		}
		<-b.wake
	}
}

// close lets take return false after the deliveries that are queued.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
}

// wait blocks until there is room, for at most patience.
func (b *inbox) wait(ctx context.Context, patience time.Duration) error {
	b.mu.Lock()
	if len(b.items) < b.limit {
		b.mu.Unlock()
		return nil
	}
	if b.room == nil {
		b.room = make(chan struct{})
	}
	room := b.room
	b.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-room:
		return nil
	case <-timer.C:
		return ErrSlowHandler
	case <-ctx.Done():
		return ErrClosed
	}
}

// dispatch calls the handlers, one after the other, until the client has ended.
func (c *Client) dispatch() {
	for {
		d, ok := c.inbox.take()
		if !ok {
			return
		}
		d.deliver(c)
	}
}
