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
}

func (s blockedSocket) BlockedSince() int64 { return int64(s.since) }

// NewTicked returns a connection that was last heard of at heard, and pinged at pinged.
func NewTicked(limits Limits, heard, pinged time.Duration) Ticked {
	c := &conn{server: &Server{limits: limits.withDefaults()}, established: true}
	c.lastRead.Store(int64(heard))
	c.lastPing.Store(int64(pinged))
	return Ticked{c}
}

// Tick does what is due at a time, and reports whether that ends the connection. blocked is since when the socket has
// accepted nothing, or 0.
func (d Ticked) Tick(now, blocked time.Duration) (ends bool) {
	d.c.socket = blockedSocket{since: blocked}
	switch what := d.c.dueAction(int64(now)); what {
	case missPong, dropSlow:
		return true
	default:
		d.c.do(what, int64(now))
		return false
	}
}
