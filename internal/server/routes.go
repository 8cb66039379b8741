package server

import (
	"errors"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/assets"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/web"
)

// mountOwn adds the server's own paths.
func (s *Server) mountOwn() error {
	sdk, err := newClientFiles()
	if err != nil {
		return err
	}
	if s.config.LongPoll {
		err = s.mountOurs(longPollPrefix+"/", http.StripPrefix(longPollPrefix, s.transport.LongPoll()))
	}
	return errors.Join(
		err,
		s.mountOurs(webSocketPath, s.transport),
		s.mountOurs(httpapi.Prefix, s.api),
		s.mountOurs("GET /healthz", http.HandlerFunc(s.serveHealth)),
		s.mountOurs("GET /readyz", http.HandlerFunc(s.serveReady)),
		s.mountOurs("GET /metrics", s.serveMetrics()),
		s.mountOurs("GET /client/", sdk),
	)
}

// mountOurs is Mount for a path of the server itself.
func (s *Server) mountOurs(pattern string, h http.Handler) error {
	s.own[pattern] = true
	return s.Mount(pattern, h)
}

// webSocketPath is where WebSockets are.
const webSocketPath = "/ws"

// isWebSocket reports whether no program has mounted something that takes the request from the transport.
func (s *Server) isWebSocket(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return pattern == webSocketPath
}

// longPollPrefix is where WAMP over HTTP long-poll is, if it is configured.
const longPollPrefix = "/longpoll"

// ServeHTTP answers every request: by the mux, with a problem document for what is not there, and
// logged without its query string, which may hold a ticket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, pattern := s.mux.Handler(r)
	if s.own[pattern] || pattern == "" {
		boundBody(w, r)
	}
	switch pattern {
	case webSocketPath, longPollPrefix + "/": // the transport logs by itself, and never what proves who somebody is
		s.mux.ServeHTTP(w, r)
		return
	}
	seen := &observedWriter{ResponseWriter: w}
	defer s.finish(seen, r, time.Now()) // by then the innermost mux has set r.Pattern
	if pattern == "" {
		httpapi.ServeUnknown(s.mux, seen, r)
		return
	}
	s.mux.ServeHTTP(seen, r)
}

// bodyTime is how long the body of a request may take on paths that are the server's own. Whoever
// reads one sets a deadline of its own; this is for bodies that nobody reads.
const bodyTime = 30 * time.Second

// boundBody keeps a body that never comes from holding a connection for ever: net/http reads the rest
// of one before it answers. What a program mounts may take longer, and is left alone.
func boundBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) //nolint:errcheck // fails only if the connection is lost
	}
}

// serveHealth says that the process answers at all.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) { writeText(w, "ok\n") }

// serveReady says whether requests should come here.
func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	if err := s.healthy(r.Context()); err != nil {
		httpapi.NewProblem(http.StatusServiceUnavailable, "not ready: %v", err).Write(w)
		return
	}
	writeText(w, "ready\n")
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(text)) //nolint:errcheck // the client is gone, nobody is left to tell
}

// serveMetrics serves the metrics, to holders of an API key if the configuration says so.
func (s *Server) serveMetrics() http.Handler {
	scrape := s.metrics.handler()
	if !s.config.Metrics.KeyRequired {
		return scrape
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, problem := s.api.Authenticate(r); problem != nil {
			problem.Write(w)
			return
		}
		scrape.ServeHTTP(w, r)
	})
}

// newClientFiles serves the browser SDK as one ES module, to pages of any origin: it is public code,
// and a module of another origin is fetched with CORS.
func newClientFiles() (*assets.Files, error) {
	return assets.New(web.Client(), assets.Options{
		Prefix: "/client/",
		Header: http.Header{"Access-Control-Allow-Origin": {"*"}},
		Refuse: func(w http.ResponseWriter, status int, detail string) {
			httpapi.NewProblem(status, "%s", detail).Write(w)
		},
	})
}
