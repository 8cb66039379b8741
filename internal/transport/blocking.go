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

// blockingSocket is a link with a goroutine that waits in Read. To hold no buffer at rest it waits for a single
// byte: behind the first byte of a frame there is always another, so that reading on is right.
type blockingSocket struct {
	conn   *conn
	nc     net.Conn
	closed chan struct{}
	once   sync.Once

	// Owned by the reader: what await has read.
	one    [1]byte
	hasOne bool
	failed error
}

func newBlockingSocket(c *conn, nc net.Conn) *blockingSocket {
	return &blockingSocket{conn: c, nc: nc, closed: make(chan struct{})}
}

func (l *blockingSocket) start() { go l.run() }

func (l *blockingSocket) run() {
	for l.await(); l.conn.advance() != over; {
		l.await()
	}
	l.conn.retire()
}

// await returns when advance is to be called.
func (l *blockingSocket) await() {
	c := l.conn
	if c.reader == finishing {
		<-l.closed
		return
	}
	if c.in != nil && !c.in.Idle() {
		return
	}
	n, err := l.nc.Read(l.one[:])
	l.hasOne = n == 1
	l.failed = l.rearm(err)
}

// rearm is for a Read that was interrupted by rouse: the next one is to wait again.
func (l *blockingSocket) rearm(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return l.nc.SetReadDeadline(time.Time{})
}

func (l *blockingSocket) read(p []byte) (int, error) {
	switch {
	case l.hasOne:
		l.hasOne = false
		p[0] = l.one[0]
		return 1, nil
	case l.failed != nil:
		return 0, l.failed
	case l.conn.in.Idle():
		return 0, errWouldBlock
	}
	l.conn.rest() // it may wait for long with half a message
	n, err := l.nc.Read(p)
	if n > 0 {
		return n, nil
	}
	if err = l.rearm(err); err == nil {
		err = errWouldBlock
	}
	return 0, err
}

// wake makes a Read that waits return.
func (l *blockingSocket) wake() {
	l.nc.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // fails only if closed, which the reader sees too
}

func (l *blockingSocket) writeFirst(first []byte) (done bool, err error) {
	return true, l.writeWithin(l.conn.server.limits.Write, first)
}

// send leaves the writing to a goroutine: it waits for the client.
func (l *blockingSocket) send(out output) (done bool, err error) {
	if len(out.frames) == 0 {
		return true, nil
	}
	out.frames = slices.Clone(out.frames)
	l.conn.server.onDemand.Go(func() { l.write(out) })
	return false, nil
}

func (l *blockingSocket) write(out output) {
	c := l.conn
	all := slices.Concat(out.frames...) // one record of TLS, not one for each frame
	for piece := range slices.Chunk(all, slowChunk) {
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

func (l *blockingSocket) writeWithin(limit time.Duration, b []byte) error {
	if err := l.nc.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := l.nc.Write(b); err != nil {
		return err
	}
	return l.nc.SetWriteDeadline(time.Time{})
}

func (l *blockingSocket) closeWrite() {
	if half, ok := l.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite() //nolint:errcheck // the ticker closes it anyhow
	}
}

func (l *blockingSocket) close(how closeMode) {
	nc := l.nc
	if secure, ok := nc.(*tls.Conn); ok && how != closeGraceful {
		nc = secure.NetConn()
	}
	if tcp, ok := nc.(interface{ SetLinger(int) error }); ok && how == closeReset {
		tcp.SetLinger(0) //nolint:errcheck // it is closed next, whatever comes of it
	}
	nc.Close()
	l.once.Do(func() { close(l.closed) })
}

// blockedSince: its writes have deadlines of their own.
func (l *blockingSocket) blockedSince() int64 { return 0 }

func (l *blockingSocket) release() {}

// Interface guards.
var _ socket = (*blockingSocket)(nil)
