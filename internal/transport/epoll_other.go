//go:build !linux

package transport

import (
	"net"
	"net/http"
)

// attach needs epoll: elsewhere each connection has a goroutine that waits.
func (*conn) attach(net.Conn) socket { return nil }

// TakeoverListener has nothing to prepare.
func TakeoverListener(plain net.Listener) net.Listener { return plain }

// UpgradeListener leaves everything to net/http.
func (*Server) UpgradeListener(listener net.Listener, _ string, _ func(*http.Request) bool) net.Listener {
	return listener
}

type eventLoopOnce struct{}

func (*eventLoopOnce) stop() {}

// sendBatch needs io_uring.
type sendBatch struct{}

func (*Server) openRings() {}

func (*sendBatch) add(pendingFlush) bool { return false }
func (*sendBatch) flush()                {}
func (*sendBatch) close()                {}
