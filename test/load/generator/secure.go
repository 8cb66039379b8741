package generator

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// secure is TLS on a connection. The handshake runs in its own goroutine on the blocking socket, because crypto/tls
// cannot pause a handshake. Afterwards the loop passes in what it has read.
type secure struct {
	tls  *tls.Conn
	fd   int
	loop bool   // reads come from in and writes go to out
	in   []byte // read, not decrypted yet
	out  []byte // encrypted, not written yet
	text []byte // decrypted, shared by all connections of the loop
}

// plainBytes is the maximum payload of one TLS record.
const plainBytes = 16 << 10

// decrypt decrypts p and passes the text to take.
func (s *secure) decrypt(p []byte, take func(text []byte) error) error {
	s.in = p
	for {
		n, err := s.tls.Read(s.text)
		if n > 0 {
			if err := take(s.text[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, errEmpty) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("decrypt: %w", err)
		}
	}
}

// encrypt encrypts all of p into out.
func (s *secure) encrypt(p *[]byte) error {
	if len(*p) == 0 {
		return nil
	}
	if _, err := s.tls.Write(*p); err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	*p = (*p)[:0]
	return nil
}

// empty reports that there is nothing more to decrypt. The error is temporary, so that crypto/tls can continue after
// it.
type empty struct{}

var errEmpty net.Error = empty{}

func (empty) Error() string   { return "nothing more has been read" }
func (empty) Timeout() bool   { return true }
func (empty) Temporary() bool { return true }

// Read implements net.Conn for crypto/tls.
func (s *secure) Read(p []byte) (int, error) {
	if s.loop {
		if len(s.in) == 0 {
			return 0, errEmpty
		}
		n := copy(p, s.in)
		s.in = s.in[n:]
		return n, nil
	}
	n, err := uninterrupted(func() (int, error) { return unix.Read(s.fd, p) })
	if err == nil && n == 0 {
		err = io.EOF
	}
	return max(n, 0), err
}

// Write implements net.Conn for crypto/tls.
func (s *secure) Write(p []byte) (int, error) {
	if s.loop {
		s.out = append(s.out, p...)
		return len(p), nil
	}
	written := 0
	for written < len(p) {
		n, err := uninterrupted(func() (int, error) { return unix.Write(s.fd, p[written:]) })
		if err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}

// The other methods of net.Conn do nothing: the player closes descriptors and limits all waits.

func (s *secure) Close() error                     { return nil }
func (s *secure) LocalAddr() net.Addr              { return nil }
func (s *secure) RemoteAddr() net.Addr             { return nil }
func (s *secure) SetDeadline(time.Time) error      { return nil }
func (s *secure) SetReadDeadline(time.Time) error  { return nil }
func (s *secure) SetWriteDeadline(time.Time) error { return nil }

// handshakes holds the running and the completed handshakes.
type handshakes struct {
	wake  int // an eventfd in the loop's epoll
	text  []byte
	group sync.WaitGroup

	mu   sync.Mutex // guards done
	done []handshake
}

type handshake struct {
	conn *Conn
	err  error
}

func newHandshakes(epoll int) (*handshakes, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	h := &handshakes{wake: wake, text: make([]byte, plainBytes)}
	return h, watch(epoll, unix.EPOLL_CTL_ADD, unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(wake)})
}

// begin starts a handshake. The socket's time limit bounds it.
func (h *handshakes) begin(c *Conn, config *tls.Config) *secure {
	s := &secure{fd: c.fd, text: h.text}
	s.tls = tls.Client(s, config)
	h.group.Go(func() {
		limit := unix.NsecToTimeval(dialTimeout.Nanoseconds())
		err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
		if err == nil {
			err = s.tls.Handshake()
		}
		h.mu.Lock()
		h.done = append(h.done, handshake{c, err})
		h.mu.Unlock()
		_, _ = unix.Write(h.wake, binary.NativeEndian.AppendUint64(nil, 1)) // fails only if the loop is already awake
	})
	return s
}

// close waits for running handshakes.
func (h *handshakes) close() {
	if h == nil {
		return
	}
	h.group.Wait()
	_ = unix.Close(h.wake) // the run is over: an error changes nothing
}

// takeHandshakes starts the scripts of connections whose handshake is complete.
func (p *Player) takeHandshakes() error {
	var count [8]byte
	_, _ = unix.Read(p.handshakes.wake, count[:]) // only clears the eventfd: the list has the handshakes
	p.handshakes.mu.Lock()
	done := p.handshakes.done
	p.handshakes.done = nil
	p.handshakes.mu.Unlock()
	for _, h := range done {
		if h.err != nil {
			return fmt.Errorf("connection %d: TLS handshake: %w", h.conn.client.Number, h.err)
		}
		h.conn.secure.loop = true
		if err := p.begin(h.conn); err != nil {
			return err
		}
	}
	return nil
}

var _ net.Conn = (*secure)(nil)
