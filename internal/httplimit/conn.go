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

// writeChunk is the number of bytes that may take Limits.Write.
const writeChunk = 64 << 10

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
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.limiter.limits.Write)); err != nil {
			return n, err
		}
		wrote, err := c.Conn.Write(chunk)
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
