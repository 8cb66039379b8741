package netpoll

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// blockingSocket has a goroutine that blocks in Read. To hold no buffer at rest the goroutine waits for a single byte.
// Behind the first byte of a frame there is always another, so the next Read may block with a buffer.
type blockingSocket struct {
	loop    *Loop
	handler EventHandler
	nc      net.Conn
	closed  chan struct{}
	once    sync.Once

	blockedAt atomic.Int64 // since when the client has accepted nothing, by Options.Now; 0: nothing is being written
	queueThen atomic.Int32 // see progress

	// Owned by the reader.
	one      [1]byte
	hasOne   bool  // one was read by await
	mayBlock bool  // the next Read may wait, because a message is partial
	failed   error // of await

	// Owned by the goroutine that may call Write. The writing goroutine sets writeErr before it calls Writable.
	begun    bool // the first Write was made
	writeErr error
}

// slowChunk is the number of bytes after which the time of BlockedSince begins anew in any case.
const slowChunk = 64 << 10

func newBlockingSocket(l *Loop, nc net.Conn, h EventHandler) *blockingSocket {
	BoundSendQueue(nc)
	return &blockingSocket{loop: l, handler: h, nc: nc, closed: make(chan struct{})}
}

// Start implements [Socket].
func (s *blockingSocket) Start() error {
	go s.run()
	return nil
}

func (s *blockingSocket) run() {
	for progress := Idle; progress != Done; progress = s.handler.Readable() {
		switch progress {
		case Idle:
			s.await()
		case Partial:
			s.mayBlock = true
		case AwaitClose:
			<-s.closed
		case Busy, Done:
		}
	}
	s.handler.Closed()
}

// await blocks until a byte has arrived, the connection has ended, or Wake is called.
func (s *blockingSocket) await() {
	if s.failed != nil {
		return
	}
	n, err := s.nc.Read(s.one[:])
	s.hasOne = n == 1
	s.failed = s.rearm(err)
}

// rearm takes back the deadline by which Wake has interrupted a Read.
func (s *blockingSocket) rearm(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return s.nc.SetReadDeadline(time.Time{})
}

// Read implements [Socket].
func (s *blockingSocket) Read(p []byte) (int, error) {
	switch {
	case s.hasOne:
		s.hasOne = false
		p[0] = s.one[0]
		return 1, nil
	case s.failed != nil:
		return 0, s.failed
	case !s.mayBlock:
		return 0, ErrWouldBlock
	}
	s.mayBlock = false
	n, err := s.nc.Read(p)
	if n > 0 {
		return n, nil
	}
	if err = s.rearm(err); err == nil {
		err = ErrWouldBlock
	}
	return 0, err
}

// Wake implements [Socket]. It interrupts a Read.
func (s *blockingSocket) Wake() {
	s.nc.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // fails only if it is closed, which the reader sees too
}

// Write implements [Socket]. All but the first are made by a goroutine, because they wait for the client.
func (s *blockingSocket) Write(frames [][]byte, _ []byte) (rest [][]byte, err error) {
	if s.writeErr != nil || len(frames) == 0 {
		return nil, s.writeErr
	}
	all := slices.Concat(frames...) // one record of TLS, not one for each frame
	if !s.begun {
		s.begun = true
		return nil, s.writeFirst(all)
	}
	s.loop.writers.Go(func() {
		s.writeErr = s.writeAll(all)
		s.handler.Writable()
	})
	return [][]byte{}, nil
}

// writeFirst writes the response of a handshake, whose goroutine must not wait for ever.
func (s *blockingSocket) writeFirst(all []byte) error {
	if err := s.nc.SetWriteDeadline(time.Now().Add(s.loop.options.WriteTimeout())); err != nil {
		return err
	}
	if err := s.writeAll(all); err != nil {
		return err
	}
	return s.nc.SetWriteDeadline(time.Time{})
}

// writeAll writes until all is written or the socket is closed. A deadline would break TLS, which cannot go on after
// it, so the EventHandler has to watch BlockedSince.
func (s *blockingSocket) writeAll(all []byte) error {
	defer s.blockedAt.Store(0)
	for chunk := range slices.Chunk(all, slowChunk) {
		s.queueThen.Store(0)
		s.blockedAt.Store(max(s.loop.options.Now(), 1))
		if _, err := s.nc.Write(chunk); err != nil {
			return err
		}
		s.handler.Wrote(len(chunk))
	}
	return nil
}

// BlockedSince implements [Socket].
func (s *blockingSocket) BlockedSince() int64 {
	return progress(s, s.loop, &s.blockedAt, &s.queueThen)
}

// Unacknowledged implements [Socket]. It does not count what the goroutine that writes still holds.
func (s *blockingSocket) Unacknowledged() int { return Unacknowledged(s.nc) }

// CloseWrite implements [Socket].
func (s *blockingSocket) CloseWrite() {
	if half, ok := s.nc.(interface{ CloseWrite() error }); ok {
		s.unblocked(func() { half.CloseWrite() }) //nolint:errcheck // the handler closes it anyhow
	}
}

// Close implements [Socket].
func (s *blockingSocket) Close(mode CloseMode) {
	nc := s.nc
	if mode == CloseGraceful {
		s.unblocked(func() { s.closeConn(nc) })
		return
	}
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	if tcp, ok := nc.(lingerer); ok && mode == CloseReset {
		tcp.SetLinger(0) //nolint:errcheck // it is closed next, whatever comes of it
	}
	s.closeConn(nc)
}

func (s *blockingSocket) closeConn(nc net.Conn) {
	nc.Close()
	s.once.Do(func() { close(s.closed) })
}

// unblocked calls f in a goroutine if f may block: crypto/tls waits up to five seconds to send close_notify.
func (s *blockingSocket) unblocked(f func()) {
	if _, secure := s.nc.(*tls.Conn); secure {
		s.loop.writers.Go(f)
		return
	}
	f()
}

// Interface guards.
var _ Socket = (*blockingSocket)(nil)
