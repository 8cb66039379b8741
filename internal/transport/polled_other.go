//go:build !linux

package transport

import (
	"net"
	"net/http"
)

// poll needs epoll: elsewhere each connection has a goroutine that waits.
func (*conn) poll(net.Conn) link { return nil }

// Detachable has nothing to prepare.
func Detachable(plain net.Listener) net.Listener { return plain }

// Entrance leaves everything to net/http.
func (*Server) Entrance(listener net.Listener, _ string, _ func(*http.Request) bool) net.Listener {
	return listener
}

type pollerOnce struct{}

func (*pollerOnce) stop() {}

// convoy needs io_uring.
type convoy struct{}

func (*Server) equip() {}

func (*convoy) join(visit) bool { return false }
func (*convoy) depart()         {}
func (*convoy) close()          {}
