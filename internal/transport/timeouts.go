package transport

import (
	"net/http"
	"time"
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
