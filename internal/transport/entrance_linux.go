package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Everybody comes back at once when a server was away for a moment, and a connection of net/http costs
// more than everything that is to be said over a WebSocket until it has subscribed: a goroutine, a
// context and 8 KiB of buffers, all of which is thrown away by the upgrade. So the entrance stands
// before net/http:
//
//	accept ─> is what has come with it the whole request for an upgrade? ─ yes ─> Server.upgrade, in a
//	                                   │                                         poller's worker
//	                                   no: anything else, a part, or nothing yet
//	                                   └─> net/http, with what was read
//
// It takes nothing but what it is sure of: there is one reading of each request, and strange ones are
// net/http's to judge.
type entrance struct {
	server   *Server
	path     string
	listener *net.TCPListener
	file     *os.File // of the same socket, watched by the runtime's poller
	raw      syscall.RawConn

	others   chan net.Conn // for Accept
	closed   chan struct{}
	ended    chan struct{} // when run has
	once     sync.Once
	accepted int // owned by run
}

const (
	// acceptsAtOnce is how many are accepted before others have their turn.
	acceptsAtOnce = 64
	// deferSeconds is how long the kernel keeps a connection to itself of which nothing has come yet.
	deferSeconds = 1
	// The pause after the system had no room for another connection doubles, as that of net/http.
	shortestPause, longestPause = 5 * time.Millisecond, time.Second
)

// Entrance takes the WebSockets at path out of what comes to a listener: net/http is to serve the
// listener that it gives, which has all the rest.
func (s *Server) Entrance(listener net.Listener, path string) net.Listener {
	plain, ok := listener.(*net.TCPListener)
	if !ok {
		return listener
	}
	e, err := newEntrance(s, plain, path)
	if err != nil {
		s.log.Warn("WebSockets come in by net/http", "error", err)
		return listener
	}
	go e.run()
	return e
}

func newEntrance(s *Server, listener *net.TCPListener, path string) (*entrance, error) {
	fd, err := duplicate(listener)
	if err != nil {
		return nil, err
	}
	e := &entrance{
		server: s, path: path, listener: listener,
		file:   os.NewFile(uintptr(fd), "listener"),
		others: make(chan net.Conn),
		closed: make(chan struct{}),
		ended:  make(chan struct{}),
	}
	if e.raw, err = e.file.SyscallConn(); err != nil {
		e.file.Close()
		return nil, fmt.Errorf("watch the listener: %w", err)
	}
	// What a listener has set is set for all that it accepts.
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, deferSeconds),
	)
	if err != nil {
		e.file.Close()
		return nil, fmt.Errorf("prepare the listener: %w", err)
	}
	return e, nil
}

// Accept implements [net.Listener], for who serves everything else.
func (e *entrance) Accept() (net.Conn, error) {
	select {
	case nc := <-e.others:
		return nc, nil
	case <-e.closed:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: e.Addr(), Err: net.ErrClosed}
	}
}

// Addr implements [net.Listener].
func (e *entrance) Addr() net.Addr { return e.listener.Addr() }

// Close implements [net.Listener].
func (e *entrance) Close() error {
	err := e.listener.Close()
	e.once.Do(func() {
		close(e.closed)
		err = errors.Join(err, e.file.Close())
		<-e.ended
	})
	return err
}

// run accepts until the entrance is closed.
func (e *entrance) run() {
	defer close(e.ended)
	pause := time.Duration(0)
	for {
		var failed error
		if err := e.raw.Read(func(fd uintptr) bool {
			failed = e.acceptAll(int(fd))
			return failed == nil || !errors.Is(failed, unix.EAGAIN)
		}); err != nil {
			return
		}
		if failed == nil {
			pause = 0
			continue
		}
		pause = min(max(2*pause, shortestPause), longestPause)
		e.server.log.Error("a connection could not be accepted", "error", failed, "pause", pause)
		select {
		case <-time.After(pause):
		case <-e.closed:
			return
		}
	}
}

// acceptAll takes those who wait; EAGAIN says that nobody does any more.
func (e *entrance) acceptAll(listener int) error {
	for range acceptsAtOnce {
		fd, address, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			e.admit(&arrival{entrance: e, fd: fd, remote: addrPortOf(address)})
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			return err
		}
	}
	return nil
}

// admit has the request read by a worker of one of the shards.
func (e *entrance) admit(a *arrival) {
	shards := e.server.shards
	e.accepted++
	p, err := shards[e.accepted%len(shards)].polling.get()
	if err != nil || !p.admit(a) {
		a.pass(nil)
	}
}

// passOn gives a connection to who serves everything else.
func (e *entrance) passOn(nc net.Conn) {
	select {
	case e.others <- nc:
	case <-e.closed:
		nc.Close()
	}
}

func addrPortOf(address unix.Sockaddr) netip.AddrPort {
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// Interface guards.
var _ net.Listener = (*entrance)(nil)
