package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// parked is a link with a goroutine that waits in Read. To hold no buffer at rest it waits for a single
// byte: behind the first byte of a frame there is always another, so that reading on is right.
type parked struct {
	conn   *conn
	nc     net.Conn
	closed chan struct{}
	once   sync.Once

	// Owned by the reader: what await has read.
	one    [1]byte
	hasOne bool
	failed error
}

func newParked(c *conn, nc net.Conn) *parked {
	return &parked{conn: c, nc: nc, closed: make(chan struct{})}
}

func (l *parked) start() { go l.run() }

func (l *parked) run() {
	for l.await(); l.conn.advance() != over; {
		l.await()
	}
	l.conn.retire()
}

// await returns when advance is to be called.
func (l *parked) await() {
	c := l.conn
	if c.reader == finishing {
		<-l.closed
		return
	}
	if c.in != nil && !c.in.rests() {
		return
	}
	n, err := l.nc.Read(l.one[:])
	l.hasOne = n == 1
	l.failed = l.rearm(err)
}

// rearm is for a Read that was interrupted by rouse: the next one is to wait again.
func (l *parked) rearm(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return l.nc.SetReadDeadline(time.Time{})
}

func (l *parked) read(p []byte) (int, error) {
	switch {
	case l.hasOne:
		l.hasOne = false
		p[0] = l.one[0]
		return 1, nil
	case l.failed != nil:
		return 0, l.failed
	case l.conn.in.rests():
		return 0, errNothing
	}
	l.conn.rest() // it may wait for long with half a message
	n, err := l.nc.Read(p)
	if n > 0 {
		return n, nil
	}
	if err = l.rearm(err); err == nil {
		err = errNothing
	}
	return 0, err
}

// rouse makes a Read that waits return.
func (l *parked) rouse() {
	l.nc.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // fails only if closed, which the reader sees too
}

func (l *parked) greet(first []byte) (done bool, err error) {
	return true, l.writeWithin(l.conn.server.limits.Write, first)
}

// send leaves the writing to a goroutine: it waits for the client.
func (l *parked) send(out output) (done bool, err error) {
	if len(out.frames) == 0 {
		return true, nil
	}
	out.frames = slices.Clone(out.frames)
	l.conn.server.onDemand.Go(func() { l.write(out) })
	return false, nil
}

func (l *parked) write(out output) {
	c := l.conn
	all := slices.Concat(out.frames...) // one record of TLS, not one for each frame
	for piece := range slices.Chunk(all, slowPiece) {
		if err := l.writeWithin(c.server.limits.Write, piece); err != nil {
			c.drop(writeFailure(err))
			return
		}
		c.wrote(len(piece))
	}
	if out.last {
		c.closeWritten()
		return
	}
	c.shard.push(c)
}

func (l *parked) writeWithin(limit time.Duration, b []byte) error {
	if err := l.nc.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := l.nc.Write(b); err != nil {
		return err
	}
	return l.nc.SetWriteDeadline(time.Time{})
}

func (l *parked) closeWrite() {
	if half, ok := l.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() //nolint:errcheck // the ticker closes it anyhow
	}
}

func (l *parked) close(how farewell) {
	nc := l.nc
	if secure, ok := nc.(*tls.Conn); ok && how != closeGently {
		nc = secure.NetConn()
	}
	if tcp, ok := nc.(interface{ SetLinger(int) error }); ok && how == closeReset {
		tcp.SetLinger(0) //nolint:errcheck // it is closed next, whatever comes of it
	}
	nc.Close()
	l.once.Do(func() { close(l.closed) })
}

// stuckSince: its writes have deadlines of their own.
func (l *parked) stuckSince() int64 { return 0 }

func (l *parked) free() {}

// Interface guards.
var _ link = (*parked)(nil)
