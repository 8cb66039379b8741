package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// epollSocket is a link that is a descriptor. It is non-blocking, so that reading and writing are tried, and
// epoll tells when it is worth trying again; see poller_linux.go.
type epollSocket struct {
	conn *conn
	loop *eventLoop
	tls  *tlsSocket // nil: the bytes are plain

	// wakes is who may run the reader, as conn.turn is for writing: 0 nobody wants to; who raises it
	// from 0 puts the link on the poller's list, and who ran it sets it back if nobody has counted since.
	wakes     atomic.Uint32
	hungUp    atomic.Bool  // the client has closed its direction: there is an end to be read
	blockedAt atomic.Int64 // since when the client has not taken what is unsent, in Server.now; 0: it has

	drained bool // a read got less than it could: there is nothing now; owned by the reader
	slot    slot // in the poller; guarded by its mu

	mu sync.Mutex // guards fd against being another's: the kernel gives numbers again
	fd int        // -1: freed
}

// attach takes a connection over from net, whose own descriptor, buffers and poller it needs no more. It
// gives nil where that cannot be done.
func (c *conn) attach(nc net.Conn) socket {
	switch kind := nc.(type) {
	case *tls.Conn:
		return c.attachTLS(kind)
	case *prefixConn:
		if len(kind.prefix) > 0 { // which is not in the socket any more
			return nil
		}
	}
	if l := c.attachPlain(nc); l != nil {
		return l
	}
	return nil
}

func (c *conn) attachPlain(nc net.Conn) *epollSocket {
	plain, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	p, err := c.shard.loop.get()
	if err != nil {
		c.server.log.Warn("a connection gets a goroutine of its own", "error", err)
		return nil
	}
	fd, err := duplicate(plain)
	if err != nil {
		c.server.log.Warn("a connection gets a goroutine of its own", "error", err)
		return nil
	}
	nc.Close()
	l := &epollSocket{conn: c, loop: p, fd: fd}
	l.wakes.Store(1) // the handshake goes first
	return l
}

// duplicate gives a descriptor of our own.
func duplicate(plain syscall.Conn) (int, error) {
	raw, err := plain.SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("find the descriptor: %w", err)
	}
	ours := -1
	var failed error
	if err := raw.Control(func(theirs uintptr) {
		ours, failed = unix.FcntlInt(theirs, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return -1, fmt.Errorf("use the descriptor: %w", err)
	}
	if failed != nil {
		return -1, fmt.Errorf("duplicate the descriptor: %w", failed)
	}
	return ours, nil
}

func (l *epollSocket) start() {
	if err := l.loop.add(l); err != nil {
		l.conn.server.log.Error("a connection cannot be watched", "error", err)
		l.conn.cut()
	}
	if l.yield(1); l.tls != nil {
		l.wake() // there may be something that was read already, with the handshake
	}
}

// wake has the reader run.
func (l *epollSocket) wake() {
	if l.wakes.Add(1) == 1 {
		l.loop.push(l)
	}
}

// run is the reader's turn, in one of the poller's goroutines.
func (l *epollSocket) run() {
	seen := l.wakes.Load()
	l.drained = false
	switch l.conn.advance() {
	case over:
		l.conn.retire()
	case busy:
		l.loop.push(l)
	case idle:
		l.yield(seen)
	}
}

// yield gives the reader's turn back, unless something has happened since.
func (l *epollSocket) yield(seen uint32) {
	if !l.wakes.CompareAndSwap(seen, 0) {
		l.loop.push(l)
	}
}

// read gives what there is.
func (l *epollSocket) read(p []byte) (int, error) {
	if l.tls != nil {
		return l.tls.read(p)
	}
	return l.readPlain(p)
}

// readPlain reads without waiting. A read that got less than it could has emptied the socket, and what
// comes later is told by epoll: so most messages cost one system call. That the client has closed its
// direction may have been told together with its last bytes.
func (l *epollSocket) readPlain(p []byte) (int, error) {
	if l.drained && !l.hungUp.Load() {
		return 0, errWouldBlock
	}
	n, err := rawRead(l.fd, p)
	l.conn.shard.reads.Add(1)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return 0, errWouldBlock
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	l.drained = n < len(p)
	return n, nil
}

// onEvent is called by the poller, with what epoll says.
func (l *epollSocket) onEvent(events uint32) {
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		l.hungUp.Store(true)
	}
	if events&unix.EPOLLOUT != 0 && l.blockedAt.Load() != 0 && l.blockedAt.Swap(0) != 0 {
		l.conn.shard.push(l.conn)
	}
}

func (l *epollSocket) writeFirst(first []byte) (done bool, err error) {
	rest, err := l.put([][]byte{first})
	if err != nil || rest == nil {
		return err == nil, err
	}
	l.conn.unsent = &output{frames: rest, more: true}
	l.conn.shard.push(l.conn)
	return false, nil
}

// send writes frames without waiting, as many as fit together with one write.
func (l *epollSocket) send(out output) (done bool, err error) {
	rest, err := l.put(out.frames)
	if err != nil || rest == nil {
		return err == nil, err
	}
	// From here on the poller puts the connection on the list. It may have become writable before, so
	// that it has to be tried once more.
	out.frames = rest
	l.conn.unsent = &out
	l.blockedAt.Store(max(int64(l.conn.server.now()), 1))
	if rest, err = l.put(rest); err != nil {
		return false, err
	}
	if rest != nil {
		out.frames = rest
		return false, nil
	}
	if l.blockedAt.Swap(0) == 0 {
		out.frames = nil
		return false, nil // the poller was quicker
	}
	l.conn.unsent = nil
	return true, nil
}

// put gives back what the kernel did not take, and nil if there is nothing left. What is left may be
// empty and not nil: then it waits in encrypted form.
func (l *epollSocket) put(frames [][]byte) (rest [][]byte, err error) {
	for len(frames) > 0 {
		chunk, count := frames[0], 1
		if len(frames) > 1 && len(frames[0])+len(frames[1]) <= takeBytes {
			chunk, count = gather(l.conn.shard.scratch, frames)
		}
		n, err := l.putChunk(chunk)
		if err != nil {
			return nil, err
		}
		l.conn.wrote(n)
		if n < len(chunk) {
			return append([][]byte{bytes.Clone(chunk[n:])}, frames[count:]...), nil
		}
		frames = frames[count:]
	}
	if l.tls != nil {
		if clear, err := l.tls.flush(); err != nil || !clear {
			return [][]byte{}, err
		}
	}
	return nil, nil
}

func (l *epollSocket) putChunk(p []byte) (n int, err error) {
	if l.tls != nil {
		return l.tls.put(p)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writeLocked(p)
}

// writeLocked writes until the kernel takes no more.
func (l *epollSocket) writeLocked(p []byte) (n int, err error) {
	if l.fd < 0 {
		return 0, net.ErrClosed
	}
	for n < len(p) {
		wrote, err := rawWrite(l.fd, p[n:])
		l.conn.shard.writes.Add(1)
		n += wrote
		switch {
		case errors.Is(err, unix.EAGAIN):
			return n, nil
		case err != nil:
			return n, err
		}
	}
	return n, nil
}

func (l *epollSocket) closeWrite() {
	if l.tls != nil {
		l.tls.closeNotify()
	}
	l.shutdown(unix.SHUT_WR)
}

func (l *epollSocket) close(how closeMode) {
	if l.tls != nil && how == closeGraceful {
		l.tls.closeNotify()
	}
	if how == closeReset { // not by halves: what is in the kernel would be sent before the end
		l.resetOnFree()
		return
	}
	l.shutdown(unix.SHUT_RDWR)
}

func (l *epollSocket) shutdown(how int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd >= 0 {
		unix.Shutdown(l.fd, how) //nolint:errcheck // fails only if the client was quicker
	}
}

func (l *epollSocket) resetOnFree() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd >= 0 {
		unix.SetsockoptLinger(l.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) //nolint:errcheck // as above
	}
}

func (l *epollSocket) blockedSince() int64 { return l.blockedAt.Load() }

func (l *epollSocket) release() {
	l.loop.remove(l)
	l.mu.Lock()
	defer l.mu.Unlock()
	unix.Close(l.fd)
	l.fd = -1
}

// Interface guards.
var _ socket = (*epollSocket)(nil)
