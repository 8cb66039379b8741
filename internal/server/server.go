package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/asynclog"
	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/httplimit"
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/lifetime"
	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Options are the parts of a configuration that a file cannot hold.
type Options struct {
	Listener    net.Listener // already open; nil: opened as configured
	HandlerOnly bool         // open no listener for HTTP, see ServeEmbedded
	Logger      *slog.Logger // nil: as configured, to LogTo
	LogTo       io.Writer    // nil: standard error
	Repair      bool         // sets damaged files of the data folder aside
	Files       fs.FS        // holds the schemas; nil: the file system of the machine
	Systemd     bool         // take the sockets that systemd passes, and tell it the state

	// Load reads the configuration again. As [config.Parse] it returns what it could read with the mistakes. nil: Reload
	// fails.
	Load func() (*config.Config, error)
}

// Server is the assembled program.
type Server struct {
	// Set by New.
	options    Options
	logger     *slog.Logger
	logLines   *asynclog.Writer // nil: Options.Logger
	logLevel   *slog.LevelVar
	engine     *cluster.Engine
	attempts   *attempts.Limit // of logins
	journal    *journal.Journal
	router     *router.Router
	realm      *router.Realm
	policy     *policy.Policy
	components []component // of the features
	transport  *transport.Server
	httpLimit  *httplimit.Limiter
	faults     *faults
	metrics    *metrics
	mux        *http.ServeMux
	own        map[string]bool // patterns of the mux that the server has mounted itself
	index      *httpapi.Index

	current   atomic.Pointer[snapshot] // replaced by Reload
	reloading chan struct{}            // holds a value while Reload runs
	reloads   [2]atomic.Uint64         // by outcome

	// Set by Run.
	passed       passed
	address      atomic.Pointer[string]
	rawAddresses atomic.Pointer[[]net.Addr]
	ready        chan struct{} // closed once connections are accepted
	draining     atomic.Bool   // no longer ready, because the server stops
	stopped      atomic.Bool   // Run has ended, or is about to
}

// New assembles the server. It reads the files that the configuration names, and starts nothing. Mistakes of the
// configuration are returned together, as config.Problems.
func New(c *config.Config, options Options) (*Server, error) {
	s := &Server{
		options: options, logger: options.Logger, logLevel: new(slog.LevelVar), ready: make(chan struct{}),
		reloading: make(chan struct{}, 1), mux: http.NewServeMux(), own: make(map[string]bool),
	}
	if options.LogTo == nil {
		options.LogTo = os.Stderr
	}
	if s.logger == nil {
		s.logger, s.logLines = NewLogger(c.Log, s.logLevel, options.LogTo)
	}
	if err := checkSections(c); err != nil {
		return nil, err
	}
	first, err := s.compile(c, nil)
	if err != nil {
		return nil, err
	}
	if err := s.assemble(first); err != nil {
		return nil, err
	}
	return s, s.mountOwn()
}

// assemble creates the parts and connects them.
func (s *Server) assemble(first *snapshot) error {
	c := first.config
	s.current.Store(first)
	s.metrics = newMetrics()
	s.faults = newFaults(s.logger)
	s.httpLimit = httplimit.New(s.httpLimits(c))
	s.policy = policy.New(policy.Options{Contracts: first.contracts, Keys: first.keys, URIs: strictness(c.URIs), Logger: s.logger})
	s.components = s.newComponents(c)
	first.chain = s.newChain(first)
	settings := first.router()
	s.journal = s.newJournal(c)
	s.router = router.New(router.Options{
		Limits:        settings.Limits,
		URIs:          strictness(c.URIs),
		Strictness:    conduct(c.Protocol),
		Authenticator: settings.Authenticator,
		Authorizer:    s.policy,
		Journal:       func(wamp.URI) publication.Journal { return s.journal },
		Retention:     s.policy.Retention(),
		Slow:          s.policy.Slow(),
		Meter:         s.policy.Meter(),
		TrustLevels:   settings.TrustLevels,
		Logger:        s.logger,
		Probe:         s.metrics,
		Agent:         "Tidings-" + Version(),
	})
	s.realm = s.router.AddRealm(wamp.URI(c.Realm))
	if _, err := meta.Attach(s.realm, meta.Options{URIs: strictness(c.URIs), Logins: logins{s}, Logger: s.logger}); err != nil {
		return fmt.Errorf("attach the meta API: %w", err)
	}
	if err := s.registerPing(); err != nil {
		return err
	}
	if _, err := lifetime.Attach(s.realm, lifetime.Options{Logger: s.logger}); err != nil {
		return fmt.Errorf("attach the procedures of sessions: %w", err)
	}
	s.realm.Observe(logoutWatch{server: s})
	s.realm.Observe(visits{s.logger})
	if err := s.policy.Open(s.realm); err != nil {
		return err
	}
	var err error
	if s.transport, err = transport.New(s.transportOptions(first)); err != nil {
		return err
	}
	if first.api, err = httpapi.New(s.apiOptions(first)); err != nil {
		return fmt.Errorf("assemble the HTTP API: %w", err)
	}
	s.metrics.watch(s)
	return nil
}

// newEngine returns the engine. Its store has a folder of its own, because the engine may delete files there.
func (s *Server) newEngine(c *config.Config) *cluster.Engine {
	options := cluster.Options{Logger: s.logger, Repair: s.options.Repair}
	if c.Data != "" {
		options.Dir = filepath.Join(c.Resolve(c.Data), "engine")
	}
	return cluster.New(options)
}

// spentTickets bounds the tickets that are remembered as used: the logins within the lifetime of one ticket, up to
// 40 MiB. Beyond it tickets are refused; none is forgotten.
const spentTickets = 1 << 20

// transportOptions returns the options of the transport.
func (s *Server) transportOptions(first *snapshot) transport.Options {
	settings := s.transportSettings(first)
	return transport.Options{
		Router:         s.router,
		Origins:        settings.Origins,
		AllowsHost:     settings.AllowsHost,
		TrustedProxies: settings.TrustedProxies,
		Tickets:        settings.Tickets,
		Cookie:         settings.Cookie,
		Limits:         settings.Limits,
		Compression:    settings.Compression,
		DisableIOUring: !first.config.WebSocket.IOUring,
		Portable:       first.config.WebSocket.Sockets == "portable",
		TakenOver:      first.config.ReusePort && first.config.Data == "",
		Logger:         s.logger,
	}
}

// Ready returns a channel that is closed once connections are accepted.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr returns the address of the listener as host:port, or "" before the server listens.
func (s *Server) Addr() string {
	if address := s.address.Load(); address != nil {
		return *address
	}
	return ""
}

// RawSocketAddrs returns the addresses of the RawSocket listeners in the order of the configuration, or nil
// before the server listens.
func (s *Server) RawSocketAddrs() []net.Addr {
	if addresses := s.rawAddresses.Load(); addresses != nil {
		return *addresses
	}
	return nil
}

// healthy returns the reason why the server should get no requests, or nil.
func (s *Server) healthy(ctx context.Context) error {
	select {
	case <-s.ready:
	default:
		return errors.New("starting")
	}
	if s.draining.Load() {
		return errors.New("draining")
	}
	return s.engine.Healthy(ctx)
}
