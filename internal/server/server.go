package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/asynclog"
	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/httplimit"
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/lifetime"
	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Options are the parts of a configuration that a file cannot hold.
type Options struct {
	Listener net.Listener // already open; nil: opened as configured
	Logger   *slog.Logger // nil: as configured, to LogTo
	LogTo    io.Writer    // nil: standard error
	Repair   bool         // sets damaged files of the data folder aside
	Files    fs.FS        // holds the schemas; nil: the file system of the machine
}

// Server is the assembled program.
type Server struct {
	// Set by New.
	config     *config.Config
	options    Options
	logger     *slog.Logger
	logLines   *asynclog.Writer // nil: Options.Logger
	contracts  *policy.Contracts
	engine     *cluster.Engine
	tickets    *auth.Tickets // nil: not configured
	keys       *auth.Keys
	attempts   *attempts.Limit   // of logins
	logins     auth.ChainOptions // without the fields above
	chain      *auth.Chain
	router     *router.Router
	realm      *router.Realm
	policy     *policy.Policy
	loginHook  *hook.Webhook // nil: not configured
	components []component   // of the features
	transport  *transport.Server
	api        *httpapi.API
	httpLimit  *httplimit.Limiter
	metrics    *metrics
	mux        *http.ServeMux
	own        map[string]bool // patterns of the mux that the server has mounted itself
	tls        *tls.Config     // nil: plain

	// Set by Run.
	address      atomic.Pointer[string]
	rawAddresses atomic.Pointer[[]net.Addr]
	ready        chan struct{} // closed once connections are accepted
	draining     atomic.Bool   // no longer ready, because the server stops
}

// New assembles the server. It reads the files that the configuration names, and starts nothing. Mistakes of the
// configuration are returned together, as config.Problems.
func New(c *config.Config, options Options) (*Server, error) {
	s := &Server{
		config: c, options: options, logger: options.Logger, ready: make(chan struct{}),
		mux: http.NewServeMux(), own: make(map[string]bool),
	}
	if options.LogTo == nil {
		options.LogTo = os.Stderr
	}
	if s.logger == nil {
		s.logger, s.logLines = NewLogger(c.Log, options.LogTo)
	}
	if err := checkSections(c); err != nil {
		return nil, err
	}
	if err := s.compile(nil); err != nil {
		return nil, err
	}
	if err := s.assemble(); err != nil {
		return nil, err
	}
	return s, s.mountOwn()
}

// Check returns all mistakes of a configuration, as config.Problems, without running it. found are the mistakes
// from reading the file; c then has what could be read.
func Check(c *config.Config, found config.Problems, files fs.FS) error {
	s := &Server{config: c, options: Options{Files: files}, logger: slog.New(slog.DiscardHandler)}
	return s.compile(found)
}

// compile compiles the rules, patterns, keys and certificates of the configuration, and collects all mistakes.
func (s *Server) compile(found config.Problems) error {
	var problems config.Problems
	s.contracts, problems = policy.Compile(policy.Source{Config: s.config, Declarations: declarations(s.config), Files: s.options.Files})
	s.tls = newTLS(s.config, &problems)
	checkOrigins(s.config, &problems)
	checkRawSockets(s.config, &problems)
	if len(found) == 0 { // otherwise missing secrets would be reported twice
		s.engine = s.newEngine()
		s.attempts = attempts.New(attempts.Options{PerAddress: s.config.Limits.LoginFailures, PerAccount: s.config.Limits.AccountFailures})
		s.tickets = newTickets(s.config, s.engine, ticketProblems{&problems, s.logger, s.attempts})
		s.keys = newKeys(s.config, &problems)
		s.logins.Users = newUsers(s.config, &problems)
		s.logins.Certificates = newCertificates(s.config, &problems)
		s.logins.SigningKey = newSigningKey(s.config, &problems)
		s.logins.Seed = decoySeed(s.config)
	}
	problems = append(slices.Clone(found), slices.DeleteFunc(problems, func(p config.Problem) bool {
		return slices.ContainsFunc(found, func(known config.Problem) bool { return known.Pos == p.Pos })
	})...)
	if len(problems) > 0 {
		problems.Sort()
		return problems
	}
	return nil
}

// assemble creates the parts and connects them.
func (s *Server) assemble() error {
	c := s.config
	s.metrics = newMetrics()
	s.httpLimit = httplimit.New(httplimit.Limits{
		Connections: c.Limits.HTTPConnections, Write: c.HTTP.Write, Unacknowledged: transport.Unacknowledged,
	})
	s.chain = s.newChain()
	s.policy = policy.New(policy.Options{Contracts: s.contracts, Keys: s.keys, URIs: strictness(c.URIs), Logger: s.logger})
	s.router = router.New(router.Options{
		Limits:        routerLimits(c.Limits),
		URIs:          strictness(c.URIs),
		Strictness:    conduct(c.Protocol),
		Authenticator: s.chain,
		Authorizer:    s.policy,
		Journal: func(wamp.URI) publication.Journal {
			return journal.New(journal.Options{Topics: c.Limits.KeptTopics, Bytes: int(c.Limits.KeptBytes)})
		},
		Retention:   s.policy.Retention(),
		Slow:        s.policy.Slow(),
		TrustLevels: trustLevels(c.Trust),
		Logger:      s.logger,
		Probe:       s.metrics,
		Agent:       "Tidings-" + Version(),
	})
	s.realm = s.router.AddRealm(wamp.URI(c.Realm))
	if _, err := meta.Attach(s.realm, meta.Options{URIs: strictness(c.URIs), Logins: s.chain, Logger: s.logger}); err != nil {
		return fmt.Errorf("attach the meta API: %w", err)
	}
	if err := s.registerPing(); err != nil {
		return err
	}
	if _, err := lifetime.Attach(s.realm, lifetime.Options{Logger: s.logger}); err != nil {
		return fmt.Errorf("attach the procedures of sessions: %w", err)
	}
	s.realm.Observe(logoutWatch{server: s})
	s.components = s.newComponents()
	if err := s.policy.Open(s.realm); err != nil {
		return err
	}
	var err error
	if s.transport, err = transport.New(s.transportOptions()); err != nil {
		return err
	}
	if s.api, err = httpapi.New(s.apiOptions()); err != nil {
		return fmt.Errorf("assemble the HTTP API: %w", err)
	}
	s.metrics.watch(s)
	return nil
}

// newChain returns the authenticator with the configured methods.
func (s *Server) newChain() *auth.Chain {
	o := s.logins
	o.Tickets, o.Keys, o.Attempts, o.Logger = s.tickets, s.keys, s.attempts, s.logger
	limits := &s.config.Limits
	o.Hashing = auth.HashOptions{AtOnce: limits.PasswordHashes, Queue: limits.WaitingLogins, Wait: limits.LoginWait}
	o.Dynamic = s.newDynamic(s.config.Auth.Dynamic)
	if cookie := s.config.Auth.Cookie; cookie != nil {
		o.Cookies = auth.NewCookies(cookie.TTL, cookie.Most)
	}
	if s.config.Auth.Anonymous != nil {
		o.Anonymous = auth.NewAnonymous(s.config.Auth.Anonymous.Role)
	}
	if s.tls != nil {
		o.Certificate = s.tls.Certificates[0].Leaf
	}
	return auth.NewChain(o)
}

// newEngine returns the engine. Its store has a folder of its own, because the engine may delete files there.
func (s *Server) newEngine() *cluster.Engine {
	options := cluster.Options{Logger: s.logger, Repair: s.options.Repair}
	if s.config.Data != "" {
		options.Dir = filepath.Join(s.config.Resolve(s.config.Data), "engine")
	}
	return cluster.New(options)
}

// spentTickets bounds the tickets that are remembered as used: the logins within the lifetime of one ticket, up to
// 40 MiB. Beyond it tickets are refused; none is forgotten.
const spentTickets = 1 << 20

func (s *Server) transportOptions() transport.Options {
	c := s.config
	origins := make([]string, len(c.Origins))
	for i, origin := range c.Origins {
		origins[i] = origin.Value
	}
	options := transport.Options{
		Router:         s.router,
		Origins:        origins,
		TrustedProxies: c.TrustedProxies,
		Limits:         transportLimits(c),
		DisableIOUring: !c.WebSocket.IOUring,
		Portable:       c.WebSocket.Sockets == "portable",
		Logger:         s.logger,
	}
	if cookie := c.Auth.Cookie; cookie != nil {
		options.Cookie = transport.CookieOptions{TTL: cookie.TTL, SameSite: sameSite(cookie.SameSite), Insecure: cookie.Insecure}
	}
	if !c.WebSocket.Compression {
		options.Compression = transport.CompressionOff
	}
	if s.tickets != nil { // an interface with a nil pointer is not nil
		options.Tickets = s.tickets
	}
	return options
}

func sameSite(name string) http.SameSite {
	switch name {
	case "strict":
		return http.SameSiteStrictMode
	case "none":
		return http.SameSiteNoneMode
	default:
		return http.SameSiteLaxMode
	}
}

func routerLimits(l config.Limits) meter.Limits {
	return meter.Limits{
		Subscriptions: l.Subscriptions,
		Registrations: l.Registrations,
		PendingCalls:  l.PendingCalls,
		OutboxBytes:   int(l.OutboxBytes),
		OutboxFrames:  l.OutboxFrames,
		MessageRate:   l.MessageRate,
		MessageBurst:  l.MessageBurst,
		Receivers:     l.Receivers,
		Kill:          l.Kill,
	}
}

func transportLimits(c *config.Config) transport.Limits {
	w := c.WebSocket
	return transport.Limits{
		MaxMessage:     int(c.Limits.MessageBytes),
		Handshake:      int(c.Limits.Handshake),
		MaxConnections: c.Limits.Connections,
		MaxChannels:    w.Channels,
		Hello:          w.Hello, Message: w.Message, Ping: w.Ping, Pong: w.Pong,
		Write: w.Write, Close: w.Close, Drain: w.Drain,
	}
}

func trustLevels(given []config.Trust) map[string]int {
	levels := make(map[string]int, len(given))
	for _, t := range given {
		levels[t.Role.Value] = t.Level
	}
	return levels
}

func conduct(name string) router.Strictness {
	if name == "strict" {
		return router.Strict
	}
	return router.Lenient
}

func strictness(name string) wamp.URIRules {
	if name == "strict" {
		return wamp.StrictURIs
	}
	return wamp.LooseURIs
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
		return errors.New("stopping")
	}
	return s.engine.Healthy(ctx)
}
