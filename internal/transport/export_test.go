package transport

import (
	"time"
	"unsafe"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// BytesOfConn is how large a connection's own object is.
const BytesOfConn = unsafe.Sizeof(conn{})

// Ticked is a connection that was pinged and has not answered, over a socket that a test says to be blocked.
type Ticked struct{ c *conn }

type blockedSocket struct {
	netpoll.Socket
	since time.Duration
	queue int
}

func (s blockedSocket) BlockedSince() int64 { return int64(s.since) }
func (s blockedSocket) Unacknowledged() int { return s.queue }

// NewTicked returns a connection that was last heard of at heard, and pinged at pinged.
func NewTicked(limits Limits, heard, pinged time.Duration) Ticked {
	s := &Server{}
	s.current.Store(&settings{Settings: Settings{Limits: limits.withDefaults()}})
	c := &conn{server: s, established: true}
	c.lastRead.Store(int64(heard))
	c.lastPing.Store(int64(pinged))
	return Ticked{c}
}

// Tick does what is due at a time, and reports whether that ends the connection. blocked is since when the socket has
// accepted nothing, or 0.
func (d Ticked) Tick(now, blocked time.Duration) (ends bool) {
	d.c.socket = blockedSocket{since: blocked}
	switch what := d.c.dueAction(int64(now), d.c.server.limits()); what {
	case missPong, dropSlow:
		return true
	default:
		d.c.do(what, int64(now))
		return false
	}
}

// TickClosing reports whether the connection is given up at a time, if it should have been closed at closeBy. queue is
// the number of bytes that its client has not acknowledged.
func (d Ticked) TickClosing(now, closeBy time.Duration, queue int) bool {
	d.c.closeDeadline.Store(int64(closeBy))
	d.c.socket = blockedSocket{queue: queue}
	return d.c.dueAction(int64(now), d.c.server.limits()) == giveUpClosing
}

// Drain makes the connection one of a server that stops.
func (d Ticked) Drain() { d.c.server.draining.Store(true) }
