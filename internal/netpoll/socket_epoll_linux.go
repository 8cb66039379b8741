package netpoll

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

// epollSocket is a non-blocking descriptor. Reading and writing are tried, and epoll reports when it is worth trying
// again, see epoll_linux.go.
type epollSocket struct {
	loop    *Loop
	handler EventHandler
	tls     *tlsSocket // nil: the bytes are not encrypted

	// wakes counts requests to run the reader. The caller that raises it from 0 enqueues the socket. The worker resets
	// it with CompareAndSwap, and enqueues the socket again if the count has grown.
	wakes     atomic.Uint32
	hungUp    atomic.Bool  // the client has closed its direction: there is an end to be read
	blockedAt atomic.Int64 // since when the client has accepted nothing, by Options.Now; 0: the socket is writable
	queueThen atomic.Int32 // see progress

	drained bool // the last read got less than it could, so the socket is empty; owned by the reader
	slot    slot // guarded by eventLoop.mu

	mu sync.Mutex // guards fd, so that no goroutine uses a descriptor that the kernel has given to another socket
	fd int        // -1: released
}

// attach takes a connection over from package net, whose descriptor, buffers and poller it does not need. It returns
// nil if that is impossible.
func (l *Loop) attach(nc net.Conn, h EventHandler) Socket {
	switch kind := nc.(type) {
	case *tls.Conn:
		return l.attachTLS(kind, h)
	case *prefixConn:
		if len(kind.prefix) > 0 { // these bytes are not in the kernel's buffer any more
			return nil
		}
	}
	if s := l.attachPlain(nc, h); s != nil {
		return s
	}
	return nil
}

func (l *Loop) attachPlain(nc net.Conn, h EventHandler) *epollSocket {
	plain, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	if _, err := l.events.get(); err != nil {
		l.options.Log.Warn("a connection gets a goroutine of its own, because epoll cannot be used", "error", err)
		return nil
	}
	fd, err := duplicate(plain)
	if err != nil {
		l.options.Log.Warn("a connection gets a goroutine of its own, because its descriptor cannot be used", "error", err)
		return nil
	}
	nc.Close()
	boundSendQueue(fd)
	return newEpollSocket(l, h, fd)
}

// newEpollSocket returns a socket of a descriptor. The event loop must have been made.
func newEpollSocket(l *Loop, h EventHandler, fd int) *epollSocket {
	s := &epollSocket{loop: l, handler: h, fd: fd}
	s.wakes.Store(1) // the handshake comes first; Start gives the turn back
	return s
}

// duplicate returns a second descriptor of the same socket.
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

// events returns the event loop. It is not a field, because every connection at rest would pay for it.
func (s *epollSocket) events() *eventLoop { return s.loop.events.loop }

// Start implements [Socket].
func (s *epollSocket) Start() error {
	err := s.events().add(s)
	if s.yield(1); s.tls != nil {
		s.Wake() // crypto/tls may have read bytes already, with the handshake
	}
	if err != nil {
		return fmt.Errorf("watch the descriptor: %w", err)
	}
	return nil
}

// Wake implements [Socket].
func (s *epollSocket) Wake() {
	if s.wakes.Add(1) == 1 {
		s.events().push(s)
	}
}

// run runs the reader, in a worker.
func (s *epollSocket) run() {
	seen := s.wakes.Load()
	s.drained = false
	switch s.handler.Readable() {
	case Done:
		s.handler.Closed()
		s.release()
	case Busy:
		s.events().push(s)
	case Idle, Partial, AwaitClose:
		s.yield(seen)
	}
}

// yield resets wakes, unless it has grown since seen.
func (s *epollSocket) yield(seen uint32) {
	if !s.wakes.CompareAndSwap(seen, 0) {
		s.events().push(s)
	}
}

// Read implements [Socket].
func (s *epollSocket) Read(p []byte) (int, error) {
	if s.tls != nil {
		return s.tls.read(p)
	}
	return s.readPlain(p)
}

// readPlain reads without blocking. A read that gets less than it could has emptied the socket, and epoll reports what
// arrives later, so most messages cost one system call. The end of the client's direction may be reported together with
// its last bytes.
func (s *epollSocket) readPlain(p []byte) (int, error) {
	if s.drained && !s.hungUp.Load() {
		return 0, ErrWouldBlock
	}
	n, err := rawRead(s.fd, p)
	s.loop.reads.Add(1)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return 0, ErrWouldBlock
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	s.drained = n < len(p)
	return n, nil
}

// onEvent takes note of what epoll reports. The event loop calls it, with its mu held.
func (s *epollSocket) onEvent(events uint32) {
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.hungUp.Store(true)
	}
	if events&unix.EPOLLOUT != 0 && s.blockedAt.Load() != 0 && s.blockedAt.Swap(0) != 0 {
		s.handler.Writable()
	}
}

// Write implements [Socket].
func (s *epollSocket) Write(frames [][]byte, buf []byte) (rest [][]byte, err error) {
	if rest, err = s.write(frames, buf); err != nil || rest == nil {
		return nil, err
	}
	// From here on an event calls Writable. The socket may have become writable before, so it is tried once more.
	s.queueThen.Store(0)
	s.blockedAt.Store(max(s.loop.options.Now(), 1))
	if rest, err = s.write(rest, buf); err != nil || rest != nil {
		return rest, err
	}
	if s.blockedAt.Swap(0) == 0 {
		return [][]byte{}, nil // an event was faster, and Writable is called
	}
	return nil, nil
}

// write returns what the kernel did not accept, and nil if nothing is left. A rest that is empty and not nil waits in
// encrypted form.
func (s *epollSocket) write(frames [][]byte, buf []byte) (rest [][]byte, err error) {
	for len(frames) > 0 {
		chunk, count := frames[0], 1
		if len(frames) > 1 && len(frames[0])+len(frames[1]) <= cap(buf) {
			chunk, count = gather(buf, frames)
		}
		n, err := s.writeChunk(chunk)
		if err != nil {
			return nil, err
		}
		s.handler.Wrote(n)
		if n < len(chunk) {
			return append([][]byte{bytes.Clone(chunk[n:])}, frames[count:]...), nil
		}
		frames = frames[count:]
	}
	if s.tls != nil {
		if clear, err := s.tls.flush(); err != nil || !clear {
			return [][]byte{}, err
		}
	}
	return nil, nil
}

func (s *epollSocket) writeChunk(p []byte) (n int, err error) {
	if s.tls != nil {
		return s.tls.write(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeLocked(p)
}

// writeLocked writes until the kernel accepts no more. Caller must hold mu.
func (s *epollSocket) writeLocked(p []byte) (n int, err error) {
	if s.fd < 0 {
		return 0, net.ErrClosed
	}
	for n < len(p) {
		wrote, err := rawWrite(s.fd, p[n:])
		s.loop.writes.Add(1)
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

// BlockedSince implements [Socket].
func (s *epollSocket) BlockedSince() int64 { return progress(s, s.loop, &s.blockedAt, &s.queueThen) }

// Unacknowledged implements [Socket].
func (s *epollSocket) Unacknowledged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return 0
	}
	n := unacknowledged(s.fd)
	if s.tls != nil {
		n += len(s.tls.kept)
	}
	return n
}

// CloseWrite implements [Socket].
func (s *epollSocket) CloseWrite() {
	if s.tls != nil {
		s.tls.closeNotify()
	}
	s.shutdown(unix.SHUT_WR)
}

// Close implements [Socket]. The descriptor stays open until the reader is Done.
func (s *epollSocket) Close(mode CloseMode) {
	if s.tls != nil && mode == CloseGraceful {
		s.tls.closeNotify()
	}
	if mode == CloseReset { // no shutdown: the kernel would send what it has before the end
		s.resetOnRelease()
		return
	}
	s.shutdown(unix.SHUT_RDWR)
}

func (s *epollSocket) shutdown(how int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		unix.Shutdown(s.fd, how) //nolint:errcheck // fails only if the client was faster
	}
}

func (s *epollSocket) resetOnRelease() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) //nolint:errcheck // as above
	}
}

// release closes the descriptor, after the reader is Done.
func (s *epollSocket) release() {
	s.events().remove(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	unix.Close(s.fd)
	s.fd = -1
}

// Interface guards.
var _ Socket = (*epollSocket)(nil)
