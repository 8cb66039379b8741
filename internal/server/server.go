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

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Options are what a configuration file cannot say.
type Options struct {
	Listener net.Listener // already open; nil: what the configuration says is listened on
	Logger   *slog.Logger // nil: as configured, to LogTo
	LogTo    io.Writer    // nil: standard error
	Files    fs.FS        // that schemas are read from; nil: the machine's
}

// Server is the assembled program.
type Server struct {
	// static after New
	config     *config.Config
	options    Options
	logger     *slog.Logger
	flushLog   func()
	contracts  *policy.Contracts
	engine     *cluster.Engine
	tickets    *auth.Tickets // nil: not configured
	keys       *auth.Keys
	logins     auth.ChainOptions // but for what is above
	chain      *auth.Chain
	router     *router.Router
	realm      *router.Realm
	policy     *policy.Policy
	loginHook  *hook.Webhook // nil: not configured
	components []component   // of the features
	transport  *transport.Server
	api        *httpapi.API
	metrics    *metrics
	mux        *http.ServeMux
	own        map[string]bool // patterns of the mux that no program has mounted
	tls        *tls.Config     // nil: plain

	// changed by Run
	address      atomic.Pointer[string]
	rawAddresses atomic.Pointer[[]net.Addr]
	ready        chan struct{} // closed once connections are accepted
	draining     atomic.Bool   // no longer ready, although it was
}

// New assembles the server. It opens nothing but the files that the configuration names, and starts
// nothing. The error is config.Problems where the configuration is at fault, all of them at once.
func New(c *config.Config, options Options) (*Server, error) {
	s := &Server{
		config: c, options: options, logger: options.Logger, flushLog: func() {}, ready: make(chan struct{}),
		mux: http.NewServeMux(), own: make(map[string]bool),
	}
	if options.LogTo == nil {
		options.LogTo = os.Stderr
	}
	if s.logger == nil {
		s.logger, s.flushLog = NewLogger(c.Log, options.LogTo)
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

// Check finds everything that is wrong with a configuration, without running it. found is what is
// known already: the configuration is then what could be read in spite of that.
func Check(c *config.Config, found config.Problems, files fs.FS) error {
	s := &Server{config: c, options: Options{Files: files}, logger: slog.New(slog.DiscardHandler)}
	return s.compile(found)
}

// compile reads what the configuration says in languages of its own, and collects every mistake.
func (s *Server) compile(found config.Problems) error {
	var problems config.Problems
	s.contracts, problems = policy.Compile(policy.Source{Config: s.config, Declarations: declarations(s.config), Files: s.options.Files})
	s.tls = newTLS(s.config, &problems)
	checkOrigins(s.config, &problems)
	checkRawSockets(s.config, &problems)
	if len(found) == 0 { // secrets that are wrong have been told
		s.engine = newEngine(s.config, s.logger)
		s.tickets = newTickets(s.config, s.engine, ticketProblems{&problems, s.logger})
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

// assemble makes the parts and gives each what it needs of the others.
func (s *Server) assemble() error {
	c := s.config
	s.metrics = newMetrics()
	s.chain = s.newChain()
	s.policy = policy.New(policy.Options{Contracts: s.contracts, Keys: s.keys, URIs: strictness(c.URIs), Logger: s.logger})
	s.router = router.New(router.Options{
		Limits:        routerLimits(c.Limits),
		URIs:          strictness(c.URIs),
		Strictness:    conduct(c.Protocol),
		Authenticator: s.chain,
		Authorizer:    s.policy,
		Journal: func(wamp.URI) router.Journal {
			return journal.New(journal.Options{Topics: c.Limits.KeptTopics, Bytes: int(c.Limits.KeptBytes)})
		},
		Retention:   s.policy.Retention(),
		TrustLevels: trustLevels(c.Trust),
		Logger:      s.logger,
		Probe:       s.metrics,
		Agent:       "Tidings-" + Version(),
	})
	s.realm = s.router.AddRealm(wamp.URI(c.Realm))
	if _, err := meta.Attach(s.realm, meta.Options{URIs: strictness(c.URIs), Logger: s.logger}); err != nil {
		return fmt.Errorf("attach the meta API: %w", err)
	}
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

// newChain lets in who is configured.
func (s *Server) newChain() *auth.Chain {
	o := s.logins
	o.Tickets, o.Keys, o.Logger = s.tickets, s.keys, s.logger
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

// newEngine keeps the store in a folder of its own: what else is under data is nobody else's to
// delete.
func newEngine(c *config.Config, logger *slog.Logger) *cluster.Engine {
	options := cluster.Options{Logger: logger, MaxMemory: engineMemory}
	if c.Data != "" {
		options.Dir = filepath.Join(c.Resolve(c.Data), "engine")
	}
	return cluster.New(options)
}

const (
	// spentTickets bounds the spent tickets that are remembered, which are the logins within one
	// lifetime of a ticket: up to 40 MiB. Over it tickets are refused, none is forgotten.
	spentTickets = 1 << 20
	// engineMemory is for the rest, where everything is kept in memory.
	engineMemory = 32 << 20
)

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
	if s.tickets != nil { // an interface that holds a nil pointer would not be nil
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

func routerLimits(l config.Limits) router.Limits {
	return router.Limits{
		Subscriptions: l.Subscriptions,
		Registrations: l.Registrations,
		PendingCalls:  l.PendingCalls,
		OutboxBytes:   int(l.OutboxBytes),
		OutboxFrames:  l.OutboxFrames,
		MessageRate:   l.MessageRate,
		MessageBurst:  l.MessageBurst,
		Kill:          l.Kill,
	}
}

func transportLimits(c *config.Config) transport.Limits {
	w := c.WebSocket
	return transport.Limits{
		MaxMessage:     int(c.Limits.MessageBytes),
		MaxConnections: c.Limits.Connections,
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

// Ready is closed once connections are accepted.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr is where the server listens, as host:port; "" before it does.
func (s *Server) Addr() string {
	if address := s.address.Load(); address != nil {
		return *address
	}
	return ""
}

// RawSocketAddrs is where RawSockets are accepted, in the order of the configuration; nil before they are.
func (s *Server) RawSocketAddrs() []net.Addr {
	if addresses := s.rawAddresses.Load(); addresses != nil {
		return *addresses
	}
	return nil
}

// healthy says why the server should get no requests, if there is a reason.
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
