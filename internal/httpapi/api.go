// Package httpapi is Tidings over HTTP, for backends: publish, call, tickets, topics, sessions,
// content, presence and maintenance under /api/v1, and the OpenAPI document that describes them.
//
// Every request but the one for that document carries an API key and needs the key's scope for what
// it does. Every refusal is a problem document (RFC 9457) that says what was wrong and what to do.
// Who tries keys that do not exist is slowed down.
//
// The package never decides who may do what on which topic (who it is given as [Publisher] and
// [Caller] does, by the same contracts as over WebSocket), keeps no state but of such failures, and
// serves no browser.
package httpapi

import (
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Prefix is where the API lives: the handler that [New] makes expects requests below it.
const Prefix = "/api/v1/"

// DefaultMaxBody is how large a request may be when Options name no limit. It is the default size
// of a WebSocket message too, so that what fits there fits here.
const DefaultMaxBody = 1 << 20

// Options are what the API stands on. Every interface is required; the rest has defaults.
type Options struct {
	Keys        Keys
	Publisher   Publisher
	Caller      Caller
	Issuer      Issuer
	Topics      Topics
	Sessions    Sessions
	Content     Content
	Presence    Presence
	Maintenance Maintenance

	MaxBody     int64  // bytes; 0: DefaultMaxBody
	KeyFailures int    // of one address in a minute; 0: DefaultKeyFailures
	Version     string // of the program, for the OpenAPI document
	// RemoteAddr says where a request comes from, seen through proxies; nil: from who is connected.
	RemoteAddr func(*http.Request) netip.Addr
	Logger     *slog.Logger // nil: slog.Default()
}

// API is the handler of everything under [Prefix]. It is safe for concurrent use.
type API struct {
	options  Options
	failures *failures
	mux      *http.ServeMux
	huma     huma.API
	document []byte // the OpenAPI document, made once
}

// New assembles the API. It starts nothing.
func New(options Options) (*API, error) {
	if options.MaxBody == 0 {
		options.MaxBody = DefaultMaxBody
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.KeyFailures == 0 {
		options.KeyFailures = DefaultKeyFailures
	}
	if options.RemoteAddr == nil {
		options.RemoteAddr = peerAddr
	}
	a := &API{options: options, failures: newFailures(options.KeyFailures), mux: http.NewServeMux()}
	a.huma = humago.New(a.mux, a.humaConfig())
	a.huma.UseMiddleware(a.admit)

	a.addPublish()
	a.addBatch()
	a.addCall()
	a.addTickets()
	a.addTopics()
	a.addSessions()
	a.addContent()
	a.addPresence()
	a.addMaintenance()
	if err := a.addDocument(); err != nil {
		return nil, err
	}
	return a, nil
}

func peerAddr(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // all that are unknown are limited as one
	}
	return peer.Addr().Unmap()
}

// ServeHTTP answers one request. What no operation answers gets a problem document as well, where
// net/http would write a line of text.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := a.mux.Handler(r); pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	ServeUnknown(a.mux, w, r)
}

// ServeUnknown answers a request that no pattern of mux matches: 405 with the methods that are
// allowed if the path exists, 404 otherwise.
func ServeUnknown(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	unmatched, _ := mux.Handler(r)
	answer := &statusRecorder{header: http.Header{}}
	unmatched.ServeHTTP(answer, r)

	if allow := answer.header.Get("Allow"); answer.status == http.StatusMethodNotAllowed {
		p := NewProblem(http.StatusMethodNotAllowed, "%s is not possible on %s; allowed: %s", r.Method, r.URL.Path, allow)
		p.header = http.Header{"Allow": {allow}}
		p.Write(w)
		return
	}
	NewProblem(http.StatusNotFound, "there is nothing at %s", r.URL.Path).Write(w)
}

// statusRecorder keeps the status and header of an answer and throws the body away.
type statusRecorder struct {
	header http.Header
	status int
}

func (s *statusRecorder) Header() http.Header         { return s.header }
func (s *statusRecorder) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusRecorder) WriteHeader(status int)      { s.status = status }

// Interface guards.
var _ http.Handler = (*API)(nil)
