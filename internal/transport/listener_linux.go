package transport

import (
	"errors"
	"fmt"
	"net"
	"net/http"
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
type upgradeListener struct {
	server   *Server
	path     string
	accepts  func(*http.Request) bool
	listener *net.TCPListener
	file     *os.File // of the same socket, watched by the runtime's poller
	raw      syscall.RawConn
	loops    []*eventLoop // of all shards

	// Owned by run.
	next  uint32        // whose poller comes next
	pause time.Duration // after the last failure

	others chan net.Conn // for Accept
	once   sync.Once
	failed error         // why it was closed; static then
	closed chan struct{} // by end
	ended  chan struct{} // when run has

	reserveMu sync.Mutex // guards spare
	reserveFD int        // a descriptor for when there are no more; -1: none
}

const (
	// acceptsAtOnce is how many are accepted before others have their turn.
	acceptsAtOnce = 64
	// deferSeconds is how long the kernel keeps a connection to itself of which nothing has come yet.
	deferSeconds = 1
	// The pause after the system had no room for another connection doubles, as that of net/http.
	shortestPause, longestPause = 5 * time.Millisecond, time.Second
)

// UpgradeListener takes the WebSockets at path out of what comes to a listener: net/http is to serve the
// listener that it gives, which has all the rest. isOurs is asked whether a request would come to this
// server there, too.
func (s *Server) UpgradeListener(listener net.Listener, path string, isOurs func(*http.Request) bool) net.Listener {
	plain, ok := listener.(*net.TCPListener)
	if !ok {
		return listener
	}
	e, err := newUpgradeListener(s, plain)
	if err != nil {
		s.log.Warn("WebSockets come in by net/http", "error", err)
		return listener
	}
	e.path, e.accepts = path, isOurs
	go e.run()
	return e
}

func newUpgradeListener(s *Server, listener *net.TCPListener) (*upgradeListener, error) {
	e := &upgradeListener{
		server: s, listener: listener,
		others: make(chan net.Conn),
		closed: make(chan struct{}),
		ended:  make(chan struct{}),
	}
	for _, sh := range s.shards {
		p, err := sh.loop.get()
		if err != nil {
			return nil, err
		}
		e.loops = append(e.loops, p)
	}
	fd, err := duplicate(listener)
	if err != nil {
		return nil, err
	}
	e.file = os.NewFile(uintptr(fd), "listener")
	if e.raw, err = e.file.SyscallConn(); err != nil {
		e.file.Close()
		return nil, fmt.Errorf("watch the listener: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, deferSeconds); err != nil {
		e.file.Close()
		return nil, fmt.Errorf("prepare the listener: %w", err)
	}
	e.reserveFD = openReserve()
	return e, nil
}

func openReserve() int {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

// Accept implements [net.Listener], for who serves everything else.
func (e *upgradeListener) Accept() (net.Conn, error) {
	select {
	case nc := <-e.others:
		return nc, nil
	case <-e.closed:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: e.Addr(), Err: e.failed}
	}
}

// Addr implements [net.Listener].
func (e *upgradeListener) Addr() net.Addr { return e.listener.Addr() }

// Close implements [net.Listener].
func (e *upgradeListener) Close() error {
	err := e.listener.Close()
	e.shutdown(net.ErrClosed)
	<-e.ended
	return err
}

// shutdown has run end, and Accept fail. The first reason stands.
func (e *upgradeListener) shutdown(why error) {
	e.once.Do(func() {
		e.failed = why
		close(e.closed)
		e.file.Close()
		e.reserveMu.Lock()
		defer e.reserveMu.Unlock()
		unix.Close(e.reserveFD)
		e.reserveFD = -1
	})
}

// run accepts until the entrance is closed.
func (e *upgradeListener) run() {
	defer close(e.ended)
	for {
		var failed error
		if err := e.raw.Read(func(fd uintptr) bool {
			failed = e.acceptAll(int(fd))
			return failed == nil || !errors.Is(failed, unix.EAGAIN)
		}); err != nil {
			e.shutdown(fmt.Errorf("wait for connections: %w", err)) // if it is not that it was closed
			return
		}
		switch {
		case failed == nil:
		case errors.Is(failed, net.ErrClosed):
			e.shutdown(failed)
			return
		default:
			e.backOff(failed)
		}
	}
}

// backOff lets the system find room for another connection.
func (e *upgradeListener) backOff(failed error) {
	e.pause = min(max(2*e.pause, shortestPause), longestPause)
	e.server.log.Error("a connection could not be accepted", "error", failed, "pause", e.pause)
	select {
	case <-time.After(e.pause):
	case <-e.closed:
	}
}

// listenerClosed reports whether whoever owns the listener has closed it, of which our descriptor of the same
// socket hears nothing.
func (e *upgradeListener) listenerClosed() bool {
	raw, err := e.listener.SyscallConn()
	return err != nil || raw.Control(func(uintptr) {}) != nil
}

// acceptAll takes those who wait; EAGAIN says that nobody does any more.
func (e *upgradeListener) acceptAll(listener int) error {
	if e.listenerClosed() {
		return net.ErrClosed
	}
	for range acceptsAtOnce {
		fd, address, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			e.pause = 0
			setNoDelay(fd)
			e.enqueue(&acceptedConn{listener: e, fd: fd, remote: addrPortOf(address)})
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			return err
		}
	}
	return nil
}

// setNoDelay has what is sent go out at once. The listener cannot have that set for all: who has waited in
// line since before that would not have it.
func setNoDelay(fd int) {
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) //nolint:errcheck // no socket of TCP refuses it
}

// enqueue has the request read by a worker of one of the shards.
func (e *upgradeListener) enqueue(a *acceptedConn) {
	e.next++
	if !e.loops[e.next%uint32(len(e.loops))].enqueueAccepted(a) {
		a.pass(nil) // the server has stopped, and says so
	}
}

// adopt makes a connection of net's, which duplicates the descriptor. When there are no more of those, the
// spare one makes room: to drop a connection would let the next one in, to be dropped as well.
func (e *upgradeListener) adopt(file *os.File) (net.Conn, error) {
	defer file.Close()
	nc, err := net.FileConn(file)
	if !errors.Is(err, unix.EMFILE) && !errors.Is(err, unix.ENFILE) {
		return nc, err
	}
	e.reserveMu.Lock()
	defer e.reserveMu.Unlock()
	if e.reserveFD < 0 {
		return nil, err
	}
	unix.Close(e.reserveFD)
	nc, err = net.FileConn(file)
	file.Close()
	e.reserveFD = openReserve()
	return nc, err
}

// passOn gives a connection to who serves everything else.
func (e *upgradeListener) passOn(nc net.Conn) {
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
var _ net.Listener = (*upgradeListener)(nil)
