package netpoll

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// upgradeListener accepts connections and answers upgrades before net/http sees them. When a server was away for a
// moment, all clients come back at once. A connection of net/http costs a goroutine, a context and 8 KiB of buffers,
// more than everything that follows until a client has subscribed, and the upgrade throws all of it away.
//
//	accept ─> has the whole request for an upgrade arrived? ─ yes ─> Upgrades.Handler, in a worker of an event loop
//	                                   │
//	                                   no: another request, a part of one, or nothing yet
//	                                   └─> net/http, with the bytes that were read
//
// Only a request that has a single reading is taken. net/http judges the others.
//
// # Descriptors
//
// A connection for net/http is handed back by net.FileConn, which duplicates the descriptor. If the process has no more
// descriptors, that fails. Dropping the connection would admit the next one, to be dropped as well, and the server
// would look dead although net/http could answer with 503 or close idle connections. So the listener holds one
// descriptor in reserve, of /dev/null. It closes that one, duplicates, closes the original, and opens the reserve again
// in its place. TestTheReserveDescriptorServesEveryConnection fails if net.FileConn needs more than one.
type upgradeListener struct {
	upgrades Upgrades
	listener *net.TCPListener
	file     *os.File // of the same socket, watched by the runtime's poller
	raw      syscall.RawConn
	loops    []*Loop
	events   []*eventLoop // of the loops

	// Owned by run.
	next  uint32        // event loop of the next connection
	pause time.Duration // after the last failure

	others chan net.Conn // for Accept
	once   sync.Once
	failed error         // why it was closed; static after closed
	closed chan struct{} // by shutdown
	ended  chan struct{} // by run

	retired  atomic.Bool    // run accepts no more
	inFlight sync.WaitGroup // connections that workers have not finished with

	reserveMu sync.Mutex // guards reserveFD
	reserveFD int        // -1: none
}

const (
	// acceptsAtOnce is the number of connections that are accepted before other goroutines run.
	acceptsAtOnce = 64
	// deferSeconds is how long the kernel keeps a connection to itself of which nothing has arrived.
	deferSeconds = 1
	// The pause after the system had no room for another connection doubles, as in net/http.
	shortestPause, longestPause = 5 * time.Millisecond, time.Second
)

// ListenUpgrades takes requests for upgrades out of a TCP listener and serves them in workers of the loops. net/http is
// to serve the listener that it returns, which accepts all other connections. If the loops are portable, or the
// listener cannot be used, the listener that it returns accepts all connections.
func ListenUpgrades(listener net.Listener, loops []*Loop, u Upgrades) net.Listener {
	plain, ok := listener.(*net.TCPListener)
	if !ok || len(loops) == 0 || loops[0].options.Portable {
		return BoundSendQueues(listener)
	}
	e, err := newUpgradeListener(plain, loops, u)
	if err != nil {
		loops[0].options.Log.Warn("net/http answers all upgrades, because the listener cannot be used", "error", err)
		return BoundSendQueues(listener)
	}
	go e.run()
	return e
}

func newUpgradeListener(listener *net.TCPListener, loops []*Loop, u Upgrades) (*upgradeListener, error) {
	e := &upgradeListener{
		upgrades: u, listener: listener, loops: loops,
		others: make(chan net.Conn),
		closed: make(chan struct{}),
		ended:  make(chan struct{}),
	}
	for _, l := range loops {
		events, err := l.events.get()
		if err != nil {
			return nil, err
		}
		e.events = append(e.events, events)
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

// openReserve returns a descriptor that is of no use but to be closed, or -1.
func openReserve() int {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

// Accept implements [net.Listener], for the server of all other connections.
func (e *upgradeListener) Accept() (net.Conn, error) {
	select {
	case nc := <-e.others:
		return nc, nil
	case <-e.closed:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: e.Addr(), Err: e.failed}
	}
}

// SyscallConn returns the descriptor of the socket.
func (e *upgradeListener) SyscallConn() (syscall.RawConn, error) { return e.listener.SyscallConn() }

// Addr implements [net.Listener].
func (e *upgradeListener) Addr() net.Addr { return e.listener.Addr() }

// Close implements [net.Listener].
func (e *upgradeListener) Close() error {
	err := e.listener.Close()
	e.shutdown(net.ErrClosed)
	<-e.ended
	return err
}

// shutdown makes run return and Accept fail with err. Only the first call has an effect.
func (e *upgradeListener) shutdown(err error) {
	e.once.Do(func() {
		e.failed = err
		close(e.closed)
		e.file.Close()
		e.reserveMu.Lock()
		defer e.reserveMu.Unlock()
		unix.Close(e.reserveFD)
		e.reserveFD = -1
	})
}

// retire implements [Retire].
func (e *upgradeListener) retire() {
	e.retired.Store(true)
	if err := e.file.SetReadDeadline(time.Now()); err != nil {
		return // it is closed already
	}
	<-e.ended
	e.inFlight.Wait()
}

// run accepts connections until the listener is retired or closed.
func (e *upgradeListener) run() {
	defer close(e.ended)
	for !e.retired.Load() {
		var failed error
		if err := e.raw.Read(func(fd uintptr) bool {
			failed = e.acceptAll(int(fd))
			return failed == nil || !errors.Is(failed, unix.EAGAIN)
		}); err != nil {
			if e.retired.Load() {
				return
			}
			e.shutdown(fmt.Errorf("wait for connections: %w", err)) // no effect if Close was the reason
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

// backOff waits until the system may have room for another connection.
func (e *upgradeListener) backOff(failed error) {
	e.pause = min(max(2*e.pause, shortestPause), longestPause)
	e.loops[0].options.Log.Error("a connection could not be accepted; the listener pauses", "error", failed, "pause", e.pause)
	select {
	case <-time.After(e.pause):
	case <-e.closed:
	}
}

// listenerClosed reports whether the inner listener was closed by its owner. The duplicate descriptor stays open then.
func (e *upgradeListener) listenerClosed() bool {
	raw, err := e.listener.SyscallConn()
	return err != nil || raw.Control(func(uintptr) {}) != nil
}

// acceptAll accepts the connections that wait. EAGAIN means that none is left.
func (e *upgradeListener) acceptAll(listener int) error {
	if e.listenerClosed() {
		return net.ErrClosed
	}
	if e.retired.Load() {
		return unix.EAGAIN // run notices
	}
	for range acceptsAtOnce {
		fd, address, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case err == nil:
			e.pause = 0
			setNoDelay(fd)
			boundSendQueue(fd)
			e.enqueue(&acceptedConn{listener: e, fd: fd, remote: addrPortOf(address)})
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			return err
		}
	}
	return nil
}

// setNoDelay sets TCP_NODELAY. It is set for each connection, because connections that wait in the accept queue do not
// inherit it from the listener.
func setNoDelay(fd int) {
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) //nolint:errcheck // no TCP socket refuses it
}

// enqueue gives a connection to a worker of one of the event loops.
func (e *upgradeListener) enqueue(a *acceptedConn) {
	e.next++
	e.inFlight.Add(1)
	if !e.events[e.next%uint32(len(e.events))].enqueueAccepted(a) {
		defer e.inFlight.Done()
		a.passOn(nil) // the loops have stopped, and net/http says so
	}
}

// adopt makes a connection of package net. It uses the reserve descriptor if there is no other.
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

// passOn gives a connection to Accept.
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
