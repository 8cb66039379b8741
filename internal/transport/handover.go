package transport

import (
	"net"
	"syscall"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// The steps by which another process takes the place of this one, see netpoll.Steer.

// ReusePort lets several processes of one user listen on the same address. It is the Control of a [net.ListenConfig],
// without Multipath TCP.
func ReusePort(network, address string, raw syscall.RawConn) error {
	return netpoll.ReusePort(network, address, raw)
}

// Steer makes the system give new connections to the process that listens on the same address, too.
func Steer(listener net.Listener) error { return netpoll.Steer(listener) }

// Queued returns the number of connections that wait to be accepted, or 0 if that is not known.
func Queued(listener net.Listener) int { return netpoll.Queued(listener) }

// Retire makes a listener accept no more connections, and returns when those that it has accepted are served.
func Retire(listener net.Listener) { netpoll.Retire(listener) }
