package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"github.com/tidings-io/tidings/internal/httplimit"
	"github.com/tidings-io/tidings/internal/transport"
)

func (s *Server) httpServer() *http.Server {
	web := &http.Server{
		Handler:   s,
		TLSConfig: s.serveTLS(func(n *snapshot) *tls.Config { return n.tls }),
		ErrorLog:  s.faults.errorLog(),
	}
	transport.SetTimeouts(web)
	limits := s.current.Load().config.HTTP
	web.ReadHeaderTimeout, web.IdleTimeout = limits.Header, limits.Idle
	s.httpLimit.Watch(web)
	return web
}

// frontEnd is the HTTP server of Run and its listener. Both are nil if the server is a handler of another one.
type frontEnd struct {
	server    *Server
	web       *http.Server
	accepting net.Listener
}

func (s *Server) newFrontEnd(listener net.Listener) *frontEnd {
	f := &frontEnd{server: s}
	if listener == nil {
		return f
	}
	f.web, f.accepting = s.httpServer(), listener
	if s.current.Load().tls == nil {
		f.accepting = s.transport.UpgradeListener(listener, webSocketPath, s.isWebSocket)
	}
	return f
}

func (f *frontEnd) listeners() []net.Listener {
	if f.accepting == nil {
		return nil
	}
	return []net.Listener{f.accepting}
}

// address returns host and port of the listener, or "".
func (f *frontEnd) address() string {
	if f.accepting == nil {
		return ""
	}
	return f.accepting.Addr().String()
}

// serve serves HTTP until the server is shut down.
func (f *frontEnd) serve() error {
	if f.web == nil {
		return nil
	}
	var err error
	s := f.server
	if s.current.Load().tls != nil {
		err = f.web.ServeTLS(s.transport.TakeoverListener(s.httpLimit.Listener(f.accepting, nil)), "", "")
	} else {
		err = f.web.Serve(s.httpLimit.Listener(f.accepting, httplimit.Full))
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) && s.draining.Load() {
		return nil
	}
	return err
}

// drain waits for the clients, then stops accepting connections and waits for answers that are being written. Meanwhile
// requests are answered: clients of long-poll need them to hear that the server stops, and new WebSockets are told when
// to try again.
func (s *Server) drain(front *frontEnd, raw rawListeners, left <-chan struct{}) error {
	<-left
	raw.close()
	web := front.web
	if web == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		return web.Close()
	}
	return nil
}
