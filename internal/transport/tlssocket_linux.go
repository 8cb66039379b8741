package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"time"
)

// tlsSocket is TLS over a polled link. crypto/tls reads and writes through it as if it were a connection,
// which never waits:
//
//	Read    gives notNow when there is nothing: crypto/tls keeps what it has and is asked again
//	Write   takes everything: what the kernel does not take is kept here, for crypto/tls cannot take
//	        back a record that it has encrypted
//
// Records have to be sent in the order in which they were encrypted, whoever has something to say: the
// shard, or crypto/tls by itself when it reads. While a convoy loads, all go to it; while it is underway
// they are kept until it has arrived.
type tlsSocket struct {
	socket *epollSocket
	tls    *tls.Conn

	// Guarded by link.mu.
	kept     []byte // encrypted, not taken by the kernel yet
	loading  bool
	loaded   []byte // for a convoy
	underway bool
}

// TakeoverListener makes connections of which TLS can be taken over from net, see [tlsSocket]. It belongs under
// the listener of TLS.
func TakeoverListener(plain net.Listener) net.Listener { return takeoverListener{plain} }

type takeoverListener struct{ net.Listener }

func (l takeoverListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &takeoverConn{Conn: nc}, nil
}

// takeoverConn is the connection below TLS: net's, until it is taken over.
type takeoverConn struct {
	net.Conn
	tls *tlsSocket // nil: not taken over
}

func (d *takeoverConn) Read(p []byte) (int, error) {
	if d.tls == nil {
		return d.Conn.Read(p)
	}
	n, err := d.tls.socket.readPlain(p)
	if errors.Is(err, errWouldBlock) {
		err = wouldBlock{}
	}
	return n, err
}

func (d *takeoverConn) Write(p []byte) (int, error) {
	if d.tls == nil {
		return d.Conn.Write(p)
	}
	return d.tls.write(p)
}

// Close does nothing once the connection is taken over: the link does it.
func (d *takeoverConn) Close() error {
	if d.tls == nil {
		return d.Conn.Close()
	}
	return nil
}

// SetWriteDeadline is asked for by the goodbye of crypto/tls, which does not wait either.
func (d *takeoverConn) SetWriteDeadline(t time.Time) error {
	if d.tls == nil {
		return d.Conn.SetWriteDeadline(t)
	}
	return nil
}

// wouldBlock is an error that crypto/tls does not take for the end.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "there is nothing to read now" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// read gives what was decrypted.
func (s *tlsSocket) read(p []byte) (int, error) {
	n, err := s.tls.Read(p)
	switch {
	case n > 0:
		return n, nil
	case errors.As(err, new(wouldBlock)):
		return 0, errWouldBlock
	}
	return 0, err
}

// put encrypts, unless something is kept: then the client is not ready for more.
func (s *tlsSocket) put(p []byte) (int, error) {
	if clear, err := s.flush(); err != nil || !clear {
		return 0, err
	}
	return s.tls.Write(p)
}

// write is how crypto/tls writes: in the turn of who writes, or in that of the reader, when it has to
// answer something by itself.
func (s *tlsSocket) write(p []byte) (int, error) {
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	if s.loading {
		s.loaded = append(s.loaded, p...)
		return len(p), nil
	}
	n := 0
	if len(s.kept) == 0 && !s.underway {
		var err error
		if n, err = s.socket.writeLocked(p); err != nil {
			return 0, err
		}
	}
	if n < len(p) {
		s.kept = append(s.kept, p[n:]...)
		s.socket.conn.Wake()
	}
	return len(p), nil
}

// flush writes what is kept. It reports whether nothing is left of it.
func (s *tlsSocket) flush() (clear bool, err error) {
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	if len(s.kept) == 0 {
		return true, nil
	}
	n, err := s.socket.writeLocked(s.kept)
	if s.kept = s.kept[n:]; len(s.kept) == 0 {
		s.kept = nil
	}
	return s.kept == nil, err
}

// load encrypts p into room, for a convoy that is to take it at once. It gives nil if something is kept: then
// the client is not ready for more.
func (s *tlsSocket) load(room, p []byte) (loaded []byte, err error) {
	s.socket.mu.Lock()
	if len(s.kept) > 0 {
		s.socket.mu.Unlock()
		return nil, nil
	}
	s.loading, s.loaded = true, room
	s.socket.mu.Unlock()
	_, err = s.tls.Write(p)
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	loaded = s.loaded
	s.loading, s.loaded, s.underway = false, nil, true
	s.socket.conn.wrote(len(p))
	return loaded, err
}

// unload says what a convoy has not got rid of. It goes before what was to be sent meanwhile.
func (s *tlsSocket) unload(left []byte) {
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	s.underway = false
	if len(left) > 0 {
		s.kept = slices.Concat(left, s.kept)
	}
}

// mostSealed is the most that so many bytes become: crypto/tls makes records of at least a packet.
func mostSealed(size int) int { return size + (size>>10+1)*recordOverhead }

// recordOverhead is more than what any cipher adds to a record.
const recordOverhead = 100

// closeNotify says that nothing more comes, as far as there is room for that.
func (s *tlsSocket) closeNotify() {
	s.tls.CloseWrite() //nolint:errcheck // the connection is closed next
}

// attachTLS takes over what is below TLS.
func (c *conn) attachTLS(secure *tls.Conn) socket {
	below, ok := secure.NetConn().(*takeoverConn)
	if !ok {
		return nil
	}
	l := c.attachPlain(below.Conn)
	if l == nil {
		return nil
	}
	l.tls = &tlsSocket{socket: l, tls: secure}
	below.tls, below.Conn = l.tls, nil
	return l
}

// Interface guards.
var _ net.Error = wouldBlock{}
