package httplimit

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// conn is a connection that has a place.
type conn struct {
	net.Conn
	limiter *Limiter
	since   time.Time // when it was accepted

	hijacked atomic.Bool
	slow     atomic.Bool // a write was not accepted in time

	links         // guarded by limiter.mu
	released bool // it has no place any more; guarded by limiter.mu
}

const (
	// writeChunk is the number of bytes that may take Limits.Write.
	writeChunk = 64 << 10
	// progress is the number of bytes that a client has to accept for its time to begin anew. It is less than
	// writeChunk, because the largest segments of TCP are a little smaller than that.
	progress = 48 << 10
	// steps is the number of Limits.Write without progress after which a client is slow. The client's system reports
	// what the client has read in steps, and over loopback only when its whole buffer is empty: 128 KiB.
	steps = 2
	// looks is how often a write looks at the progress of its client within Limits.Write.
	looks = 10
)

// Write implements [net.Conn]. A client that does not accept the next bytes in time loses the connection, and the
// kernel drops what the client has not read.
func (c *conn) Write(p []byte) (n int, err error) {
	if c.hijacked.Load() {
		return c.Conn.Write(p)
	}
	for chunk := range slices.Chunk(p, writeChunk) {
		if c.slow.Load() { // TLS would still say that it closes
			return n, os.ErrDeadlineExceeded
		}
		wrote, err := c.writeChunk(chunk)
		n += wrote
		if errors.Is(err, os.ErrDeadlineExceeded) && c.slow.CompareAndSwap(false, true) {
			c.limiter.slow.Add(1)
			c.SetLinger(0) //nolint:errcheck // the server closes it next, whatever comes of it
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// writeChunk writes p while its client makes progress. It looks at the progress only if the client does not accept p at
// once.
func (c *conn) writeChunk(p []byte) (n int, err error) {
	limits := c.limiter.limits.Load()
	since, queue, accepted := time.Now(), -1, 0
	for {
		if err := c.SetWriteDeadline(time.Now().Add(limits.Write / looks)); err != nil {
			return n, err
		}
		wrote, err := c.Conn.Write(p[n:])
		n += wrote
		accepted += wrote
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		now := limits.unacknowledged(c.Conn)
		switch {
		case queue < 0:
			queue, accepted = now, 0
		case queue-now+accepted >= progress:
			since, queue, accepted = time.Now(), now, 0
		case time.Since(since) >= steps*limits.Write:
			return n, err
		}
	}
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.limiter.release(c)
	return c.Conn.Close()
}

// CloseWrite closes the server's direction, which net/http does before it closes a connection with unread bytes.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// SetLinger makes Close drop what was not sent, if sec is 0.
func (c *conn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return nil
}

// NetConn returns the connection below.
func (c *conn) NetConn() net.Conn { return c.Conn }

// connOf returns the conn below TLS and other layers, or nil.
func connOf(nc net.Conn) *conn {
	for {
		switch layer := nc.(type) {
		case *conn:
			return layer
		case interface{ NetConn() net.Conn }:
			nc = layer.NetConn()
		default:
			return nil
		}
	}
}

// Interface guards.
var (
	_ net.Conn     = (*conn)(nil)
	_ net.Listener = (*listener)(nil)
)
