package httplimit

// queue holds connections in the order in which they began to wait. Its links are in the connections, so that a request
// allocates nothing.
type queue struct{ first, last *conn }

// links are a connection's place in a queue. They are guarded by Limiter.mu.
type links struct {
	in         *queue // nil: none
	prev, next *conn
}

func (q *queue) push(c *conn) {
	c.links = links{in: q, prev: q.last}
	if q.last == nil {
		q.first = c
	} else {
		q.last.next = c
	}
	q.last = c
}

// leaveQueue takes a connection out of its queue, if it is in one.
func (c *conn) leaveQueue() {
	q := c.in
	if q == nil {
		return
	}
	if c.prev == nil {
		q.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		q.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.links = links{}
}
