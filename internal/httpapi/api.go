// Package httpapi is Tidings over HTTP, for backends: a kit of operations, problem documents, API
// keys with scopes and the OpenAPI document, and the resources of the router itself under /api/v1:
// publish, call, tickets, topics, sessions and reload. A feature adds its own operations by [Register].
//
// Every request but the one for the OpenAPI document carries an API key, and the key needs the scope
// of the operation. Every refusal is a problem document (RFC 9457) that says what was wrong and what
// to do. An address that tries unknown keys is slowed down, together with its logins over WAMP.
//
// The package knows no feature, decides nothing about topics and procedures ([Publisher] and [Caller]
// apply the contracts, as over WebSocket), keeps no state, and serves no browser.
package httpapi

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tidings-io/tidings/internal/attempts"
)

// Prefix begins the path of every operation: the handler that [New] returns expects requests below it.
const Prefix = "/api/v1/"

// DefaultMaxBody is the largest body of a request if Options name no limit. It equals the default
// size of a WebSocket message, so a payload that fits there fits here.
const DefaultMaxBody = 1 << 20

// Options configures an [API]. Every interface is required; the rest has defaults.
type Options struct {
	Keys        Keys
	Publisher   Publisher
	Caller      Caller
	Issuer      Issuer
	Topics      Topics
	Contracts   Contracts
	Sessions    Sessions
	Subscribers Subscribers
	Invalidator Invalidator
	Reloader    Reloader
	Resources   []Resource // of features, in the order of the document
	Viewer      fs.FS      // the page that shows the document, as web.APIDocs has it; nil: none

	MaxBody  int64           // bytes; 0: DefaultMaxBody
	Attempts *attempts.Limit // counts wrong keys; nil counts nothing
	Version  string          // of the program, for the OpenAPI document
	// RemoteAddr returns the client's address, seen through proxies; nil: the address of the connection.
	RemoteAddr func(*http.Request) netip.Addr
	Logger     *slog.Logger // nil: slog.Default()
}

// Resource adds the operations of a feature. [New] calls Routes once, before the document is made.
type Resource interface{ Routes(a *API) }

// API serves everything under [Prefix]. Safe for concurrent use.
type API struct {
	options  Options
	mux      *http.ServeMux
	huma     huma.API
	scopes   []Scope // of the operations, in the order of the document
	document []byte  // the OpenAPI document, made once
}

// New returns the API with the resources of the router and of options. It starts nothing.
func New(options Options) (*API, error) {
	if options.MaxBody == 0 {
		options.MaxBody = DefaultMaxBody
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.RemoteAddr == nil {
		options.RemoteAddr = peerAddr
	}
	a := &API{options: options, mux: http.NewServeMux()}
	a.huma = humago.New(a.mux, a.humaConfig())
	a.huma.UseMiddleware(a.admit)

	a.addPublish()
	a.addBatch()
	a.addCall()
	a.addTickets()
	a.addTopics()
	a.addSubscribers()
	a.addSessions()
	a.addLogout()
	a.addInvalidate()
	a.addReload()
	for _, r := range options.Resources {
		r.Routes(a)
	}
	a.addIndex()
	if err := a.addViewer(); err != nil {
		return nil, err
	}
	if err := a.addDocument(); err != nil {
		return nil, err
	}
	return a, nil
}

func peerAddr(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // unknown addresses share one limit
	}
	return peer.Addr().Unmap()
}

// ServeHTTP answers one request. A request without an operation gets a problem document, where net/http
// would write a line of text.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := a.mux.Handler(r); pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	ServeUnknown(a.mux, w, r)
}

// ServeUnknown answers a request that no pattern of mux matches: with 405 and the allowed methods if
// the path exists, with 404 otherwise.
func ServeUnknown(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	unmatched, _ := mux.Handler(r)
	answer := &statusRecorder{header: http.Header{}}
	unmatched.ServeHTTP(answer, r)

	if allow := answer.header.Get("Allow"); answer.status == http.StatusMethodNotAllowed {
		p := NewProblem(http.StatusMethodNotAllowed, "%s is not possible on %s; allowed: %s", r.Method, r.URL.Path, allow)
		if r.Method == http.MethodOptions && strings.HasPrefix(r.URL.Path, Prefix) { // a browser asks for a page
			p = NewProblem(http.StatusMethodNotAllowed, "the HTTP API is for backends: pages of other origins cannot call %s; let your own backend call it, because an API key must not be in a page", r.URL.Path)
		}
		p.header = http.Header{"Allow": {allow}}
		p.Write(w)
		return
	}
	NewProblem(http.StatusNotFound, "there is nothing at %s", r.URL.Path).Write(w)
}

// statusRecorder keeps the status and header of an answer and discards the body.
type statusRecorder struct {
	header http.Header
	status int
}

func (s *statusRecorder) Header() http.Header         { return s.header }
func (s *statusRecorder) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusRecorder) WriteHeader(status int)      { s.status = status }

// Interface guards.
var _ http.Handler = (*API)(nil)
