package netpoll

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// tlsSocket is TLS over an epollSocket. crypto/tls reads and writes through a takeoverConn as if that were a blocking
// connection, but it never blocks:
//
//	Read    returns wouldBlock if nothing has arrived. crypto/tls keeps its state and can be asked again.
//	Write   accepts everything. It keeps what the kernel does not accept, because crypto/tls cannot take back a record
//	        that it has encrypted.
//
// Records have to be sent in the order of their encryption. Two goroutines encrypt: the writer, and the reader when
// crypto/tls answers by itself (a key update, an alert). The lock of the epollSocket puts their records in order, and
// nothing is written past kept.
type tlsSocket struct {
	socket *epollSocket
	conn   *tls.Conn
	kept   []byte // encrypted, and not yet accepted by the kernel; guarded by socket.mu
}

// TakeoverListener makes connections that a [Loop] can take over from crypto/tls. It belongs under the listener of TLS.
func TakeoverListener(plain net.Listener) net.Listener { return takeoverListener{plain} }

type takeoverListener struct{ net.Listener }

// Accept implements [net.Listener].
func (l takeoverListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	BoundSendQueue(nc)
	return &takeoverConn{Conn: nc}, nil
}

// takeoverConn is the connection below TLS: that of package net until it is taken over, the epollSocket afterwards.
type takeoverConn struct {
	net.Conn
	tls *tlsSocket // nil: not taken over
}

// Read implements [net.Conn].
func (c *takeoverConn) Read(p []byte) (int, error) {
	if c.tls == nil {
		return c.Conn.Read(p)
	}
	n, err := c.tls.socket.readPlain(p)
	if errors.Is(err, ErrWouldBlock) {
		err = wouldBlock{}
	}
	return n, err
}

// Write implements [net.Conn].
func (c *takeoverConn) Write(p []byte) (int, error) {
	if c.tls == nil {
		return c.Conn.Write(p)
	}
	return c.tls.send(p)
}

// Close implements [net.Conn]. After the takeover only the socket closes the descriptor.
func (c *takeoverConn) Close() error {
	if c.tls == nil {
		return c.Conn.Close()
	}
	return nil
}

// SetWriteDeadline implements [net.Conn]. crypto/tls sets one for its close_notify, which does not block either.
func (c *takeoverConn) SetWriteDeadline(t time.Time) error {
	if c.tls == nil {
		return c.Conn.SetWriteDeadline(t)
	}
	return nil
}

// SetLinger is for CloseReset of a blocking socket, where the takeover was not possible.
func (c *takeoverConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(lingerer); ok {
		return tcp.SetLinger(sec)
	}
	return nil
}

// NetConn returns the connection below, or nil after the takeover.
func (c *takeoverConn) NetConn() net.Conn { return c.Conn }

// wouldBlock is a temporary [net.Error]: crypto/tls does not take it for the end of the connection.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return ErrWouldBlock.Error() }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// read returns decrypted bytes.
func (t *tlsSocket) read(p []byte) (int, error) {
	n, err := t.conn.Read(p)
	switch {
	case n > 0:
		return n, nil
	case errors.As(err, new(wouldBlock)):
		return 0, ErrWouldBlock
	}
	return 0, err
}

// write encrypts p, unless bytes are kept: then the client is not ready for more.
func (t *tlsSocket) write(p []byte) (int, error) {
	if clear, err := t.flush(); err != nil || !clear {
		return 0, err
	}
	return t.conn.Write(p)
}

// send is the Write of crypto/tls. The writer calls it, and the reader.
func (t *tlsSocket) send(p []byte) (int, error) {
	t.socket.mu.Lock()
	defer t.socket.mu.Unlock()
	n := 0
	if len(t.kept) == 0 {
		var err error
		if n, err = t.socket.writeLocked(p); err != nil {
			return 0, err
		}
	}
	if n < len(p) {
		t.kept = append(t.kept, p[n:]...)
		t.socket.handler.WriteWanted()
	}
	return len(p), nil
}

// flush writes what is kept. It reports whether nothing is left.
func (t *tlsSocket) flush() (clear bool, err error) {
	t.socket.mu.Lock()
	defer t.socket.mu.Unlock()
	if len(t.kept) == 0 {
		return true, nil
	}
	n, err := t.socket.writeLocked(t.kept)
	if t.kept = t.kept[n:]; len(t.kept) == 0 {
		t.kept = nil
	}
	return t.kept == nil, err
}

// closeNotify tells the client that nothing more follows, as far as there is room for that.
func (t *tlsSocket) closeNotify() {
	t.conn.CloseWrite() //nolint:errcheck // the connection is closed next
}

// attachTLS takes over the connection below TLS.
func (l *Loop) attachTLS(secure *tls.Conn, h EventHandler) Socket {
	below, ok := secure.NetConn().(*takeoverConn)
	if !ok {
		return nil
	}
	s := l.attachPlain(unobserved(below.Conn), h)
	if s == nil {
		return nil
	}
	s.tls = &tlsSocket{socket: s, conn: secure}
	below.tls, below.Conn = s.tls, nil
	return s
}

// Interface guards.
var (
	_ net.Error = wouldBlock{}
	_ net.Conn  = (*takeoverConn)(nil)
	_ lingerer  = (*takeoverConn)(nil)
)
