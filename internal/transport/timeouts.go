package transport

import (
	"net"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/netpoll"
)

// The limits of an HTTP server in front of WebSockets, for the time before the handshake is read.
const (
	// ReadHeaderTimeout is how long the header of a request may take.
	ReadHeaderTimeout = 10 * time.Second
	// MaxHeaderBytes is enough for cookies of the same site, far below net/http's 1 MiB for each of a flood.
	MaxHeaderBytes = 32 << 10
	// IdleTimeout is how long a connection without a request stays.
	IdleTimeout = 2 * time.Minute
)

// Unacknowledged returns how many bytes were written to a connection that the client's system has not acknowledged, or
// 0 if the server's system cannot tell.
func Unacknowledged(nc net.Conn) int { return netpoll.Unacknowledged(nc) }

// SetTimeouts sets the limits of an HTTP server that are not set, because the defaults of net/http let a request take
// for ever. It does not set timeouts of whole requests, which depend on the other handlers.
func SetTimeouts(server *http.Server) {
	if server.ReadHeaderTimeout == 0 {
		server.ReadHeaderTimeout = ReadHeaderTimeout
	}
	if server.MaxHeaderBytes == 0 {
		server.MaxHeaderBytes = MaxHeaderBytes
	}
	if server.IdleTimeout == 0 {
		server.IdleTimeout = IdleTimeout
	}
}
