package server

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/assets"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/web"
)

// mountOwn adds the server's own paths.
func (s *Server) mountOwn() error {
	sdk, err := newClientFiles()
	if err != nil {
		return err
	}
	s.index = newIndex()
	if s.current.Load().config.LongPoll {
		err = s.mountOurs(longPollPrefix+"/", http.StripPrefix(longPollPrefix, s.transport.LongPoll()))
	}
	return errors.Join(
		err,
		s.mountOurs(webSocketPath, s.transport),
		s.mountOurs(strings.TrimSuffix(httpapi.Prefix, "/"), http.HandlerFunc(s.serveAPI)),
		s.mountOurs(httpapi.Prefix, http.HandlerFunc(s.serveAPI)),
		s.mountOurs("GET /healthz", http.HandlerFunc(s.serveHealth)),
		s.mountOurs("GET /readyz", http.HandlerFunc(s.serveReady)),
		s.mountOurs("GET /metrics", s.serveMetrics()),
		s.mountOurs("GET /client/", sdk),
	)
}

// mountOurs mounts a path of the server itself.
func (s *Server) mountOurs(pattern string, h http.Handler) error {
	s.own[pattern] = true
	return s.Mount(pattern, h)
}

// webSocketPath is the path of WebSockets.
const webSocketPath = "/ws"

// isWebSocket reports whether the transport answers the request: a program may have mounted a pattern that is
// more specific.
func (s *Server) isWebSocket(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return pattern == webSocketPath
}

// longPollPrefix begins the paths of WAMP over HTTP long-poll.
const longPollPrefix = "/longpoll"

// ServeHTTP answers every request by the mux, or with a problem document if no pattern matches. The log has no
// query strings, because a query may hold a ticket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	forProxy := r.URL.Host != ""
	pattern, toSlash := s.route(r)
	if s.own[pattern] || pattern == "" || forProxy {
		boundBody(w, r)
	}
	if s.takesAnyPath(r, pattern) {
		s.transport.ServeHTTP(w, r)
		return
	}
	if (pattern == webSocketPath || pattern == longPollPrefix+"/") && !forProxy {
		s.mux.ServeHTTP(w, r) // the transport logs these itself, without credentials
		return
	}
	seen := &observedWriter{ResponseWriter: w}
	defer s.finish(seen, r, time.Now()) // by then the innermost mux has set r.Pattern
	ours := pattern == "" || s.own[pattern]
	switch {
	case forProxy:
		refuseTarget(seen, r)
	case ours && transport.WantsWebSocket(r):
		s.transport.RefusePath(seen, r, webSocketPath)
	case toSlash:
		redirectToSlash(seen, r)
	case pattern == "":
		s.serveUnmatched(seen, r)
	default:
		s.mux.ServeHTTP(seen, r)
		if !ours && seen.status == http.StatusNotFound && transport.WantsWebSocket(r) {
			s.transport.NotePath(r, webSocketPath)
		}
	}
}

// takesAnyPath reports whether a request is for a WebSocket at a path that nothing else serves, or only the server
// itself, where every path has one. OroPlatform's backend sends whole URLs as targets, as to a proxy.
func (s *Server) takesAnyPath(r *http.Request, pattern string) bool {
	return s.current.Load().config.WebSocket.AnyPath && (pattern == "" || s.own[pattern]) &&
		pattern != longPollPrefix+"/" && transport.WantsWebSocket(r)
}

// serveUnmatched answers a request for which there is no pattern. A page of every origin may read the answer, because
// it may have tried to connect there.
func (s *Server) serveUnmatched(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		s.index.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if !isClean(r.URL.EscapedPath()) {
		httpapi.NewProblem(http.StatusNotFound,
			"there is nothing at %s: the path of a request has no doubled slashes and no dot segments", r.URL.Path).Write(w)
		return
	}
	httpapi.ServeUnknown(s.mux, w, r)
}

// route returns the pattern that serves a request, or "". toSlash means that a program has mounted a pattern that
// matches if the path ends with a slash.
//
// net/http would redirect requests whose path is not clean, and for the slash. It sends a path without the prefix that
// a proxy has removed, so the client would leave the part of the site that is the server's.
func (s *Server) route(r *http.Request) (pattern string, toSlash bool) {
	escaped := r.URL.EscapedPath()
	if !isClean(escaped) {
		return "", false
	}
	_, pattern = s.mux.Handler(r)
	rest := pattern[strings.IndexByte(pattern, '/')+1:] // behind the method, the host and the first slash
	if pattern == "" || strings.Count(escaped, "/") > strings.Count(rest, "/") {
		return pattern, false
	}
	if s.own[pattern] {
		return "", false
	}
	return pattern, true
}

// isClean reports whether an escaped path is one that net/http does not redirect.
func isClean(escaped string) bool {
	cleaned := path.Clean(escaped)
	if strings.HasSuffix(escaped, "/") && cleaned != "/" {
		cleaned += "/"
	}
	return escaped == cleaned && strings.HasPrefix(escaped, "/")
}

// redirectToSlash redirects a request to its own path with a slash at the end. The location is relative, so it is right
// behind every prefix.
func redirectToSlash(w http.ResponseWriter, r *http.Request) {
	escaped := r.URL.EscapedPath()
	location := "./" + escaped[strings.LastIndexByte(escaped, '/')+1:] + "/"
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// refuseTarget answers a request whose target is a whole URL, as a client sends it to a proxy. net/http takes the host
// from the target then and drops the header Host, so nothing could compare the two.
func refuseTarget(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	httpapi.NewProblem(http.StatusMisdirectedRequest,
		"the request is for a proxy to %q, and this server is none: send the path as the target, and the host in the header Host",
		r.Host).Write(w)
}

// bodyTime bounds the time of a request's body on the server's own paths. It is for bodies that no handler reads;
// a handler that reads one sets its own deadline.
const bodyTime = 30 * time.Second

// boundBody sets a deadline for the body, because net/http reads the rest of a body before it answers: a body that
// never ends would hold the connection. Handlers that a program mounts have no such deadline.
func boundBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) //nolint:errcheck // fails only if the connection is lost
	}
}

// serveHealth answers that the process runs.
func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) { writeText(w, "ok\n") }

// serveReady answers whether the server should get requests.
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
	w.Write([]byte(text)) //nolint:errcheck // the client has gone
}

// serveAPI answers a request of the HTTP API by the snapshot that is current when it arrives.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	s.current.Load().api.ServeHTTP(w, r)
}

// serveMetrics serves the metrics. It asks for an API key if the configuration says so.
func (s *Server) serveMetrics() http.Handler {
	scrape := s.metrics.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by := s.current.Load()
		if by.config.Metrics.KeyRequired {
			if _, _, problem := by.api.Authenticate(r); problem != nil {
				problem.Write(w)
				return
			}
		}
		scrape.ServeHTTP(w, r)
	})
}

// newIndex says what the server is, at the path / if the program has mounted nothing there.
func newIndex() *httpapi.Index {
	return &httpapi.Index{
		Name: "Tidings", Version: Version(),
		Description: "A server for real-time notifications. Pages connect with a WebSocket to " + webSocketPath + ".",
		Links: []httpapi.Link{
			{Title: "Documentation", Href: httpapi.Documentation},
			{Title: "The client for browsers", Href: "client/tidings.js"},
			{Title: "The HTTP API for backends", Href: "api/v1/docs"},
			{Title: "Health", Href: "healthz"},
		},
	}
}

// newClientFiles serves the browser SDK as one ES module. Pages of every origin may load the module: it is public
// code, and browsers fetch modules of other origins with CORS.
func newClientFiles() (*assets.Files, error) {
	return assets.New(web.Client(), assets.Options{
		Prefix:  "/client/",
		Version: web.ClientVersion(),
		Header:  http.Header{"Access-Control-Allow-Origin": {"*"}},
		Refuse: func(w http.ResponseWriter, status int, detail string) {
			httpapi.NewProblem(status, "%s", detail).Write(w)
		},
	})
}
