package server

import (
	"crypto/tls"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/httplimit"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// snapshot holds everything that the server makes of one configuration. It never changes once it is in force.
type snapshot struct {
	config    *config.Config
	contracts *policy.Contracts
	tickets   *auth.Tickets // nil: not configured
	keys      *auth.Keys
	logins    auth.ChainOptions // without the fields above
	chain     *auth.Chain
	loginHook *hook.Webhook // nil: not configured
	tls       *tls.Config   // nil: plain
	rawTLS    *tls.Config   // the same for RawSocket
	basis     policy.Basis
	api       *httpapi.API // decided by basis
}

// Check returns all mistakes of a configuration, as config.Problems, without running it. found are the mistakes
// from reading the file; c then has what could be read.
func Check(c *config.Config, found config.Problems, files fs.FS) error {
	s := &Server{options: Options{Files: files}, logger: slog.New(slog.DiscardHandler)}
	_, err := s.compile(c, found)
	return err
}

// compile compiles the rules, patterns, keys and certificates of a configuration, and collects all mistakes.
func (s *Server) compile(c *config.Config, found config.Problems) (*snapshot, error) {
	var problems config.Problems
	made := &snapshot{config: c}
	made.contracts, problems = policy.Compile(policy.Source{Config: c, Declarations: declarations(c), Prefixes: prefixes(c), Files: s.options.Files})
	made.tls = newTLS(c, &problems)
	made.rawTLS = rawTLS(made.tls)
	checkOrigins(c, &problems)
	checkRawSockets(c, &problems)
	if len(found) == 0 { // otherwise missing secrets would be reported twice
		if s.engine == nil {
			s.engine, s.attempts = s.newEngine(c), attempts.New(loginLimits(c))
		}
		made.tickets = newTickets(c, s.engine, ticketProblems{&problems, s.logger, s.attempts})
		made.keys = newKeys(c, &problems)
		made.logins.Users = newUsers(c, &problems)
		made.logins.Certificates = newCertificates(c, &problems)
		made.logins.SigningKey = newSigningKey(c, &problems)
		made.logins.Seed = decoySeed(c)
	}
	problems = append(slices.Clone(found), slices.DeleteFunc(problems, func(p config.Problem) bool {
		return slices.ContainsFunc(found, func(known config.Problem) bool { return known.Pos == p.Pos })
	})...)
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	return made, nil
}

// newChain returns the authenticator with the configured methods.
func (s *Server) newChain(of *snapshot) *auth.Chain {
	o, c := of.logins, of.config
	if others := s.redeemers(); len(others) > 0 {
		o.Foreign = others
	}
	o.Tickets, o.Keys, o.Attempts, o.Logger = of.tickets, of.keys, s.attempts, s.logger
	o.Hashing = auth.HashOptions{AtOnce: c.Limits.PasswordHashes, Queue: c.Limits.WaitingLogins, Wait: c.Limits.LoginWait}
	o.Dynamic = s.newDynamic(of)
	if cookie := c.Auth.Cookie; cookie != nil {
		o.Cookies = auth.NewCookies(cookie.TTL, cookie.Most)
	}
	if c.Auth.Anonymous != nil {
		o.Anonymous = auth.NewAnonymous(c.Auth.Anonymous.Role)
	}
	if of.tls != nil {
		o.Certificate, o.Authorities = of.tls.Certificates[0].Leaf, of.tls.ClientCAs
	}
	return auth.NewChain(o)
}

// closeLoginHook closes the idle connections to the application that knows the users.
func (n *snapshot) closeLoginHook() {
	if n.loginHook != nil {
		n.loginHook.Close()
	}
}

// router returns the settings of the router.
func (n *snapshot) router() router.Settings {
	return router.Settings{
		Limits: routerLimits(n.config.Limits), TrustLevels: trustLevels(n.config.Trust), Authenticator: n.chain,
	}
}

// transportSettings returns the settings of the transport.
func (s *Server) transportSettings(n *snapshot) transport.Settings {
	c := n.config
	settings := transport.Settings{AllowsHost: s.allowsHost(), TrustedProxies: c.TrustedProxies, Limits: transportLimits(c)}
	for _, origin := range c.Origins {
		settings.Origins = append(settings.Origins, origin.Value)
	}
	if cookie := c.Auth.Cookie; cookie != nil {
		settings.Cookie = transport.CookieOptions{TTL: cookie.TTL, SameSite: sameSite(cookie.SameSite), Insecure: cookie.Insecure}
	}
	if !c.WebSocket.Compression {
		settings.Compression = transport.CompressionOff
	}
	if others := s.redeemers(); n.tickets != nil || len(others) > 0 {
		settings.Tickets = ticketsOfAddresses{n.tickets, others}
	}
	return settings
}

func loginLimits(c *config.Config) attempts.Options {
	return attempts.Options{PerAddress: c.Limits.LoginFailures, PerAccount: c.Limits.AccountFailures}
}

func (s *Server) httpLimits(c *config.Config) httplimit.Limits {
	return httplimit.Limits{
		Connections: c.Limits.HTTPConnections, Write: c.HTTP.Write, Unacknowledged: transport.Unacknowledged,
		OnRefused: s.faults.refused,
	}
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
		OutboxTotal:   int64(l.OutboxTotal),
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
		Write: w.Write, Close: w.Close, Drain: max(w.Drain, 1), // 0 is the default of the transport
	}
}

func trustLevels(given []config.Trust) map[string]int {
	levels := make(map[string]int, len(given))
	for _, t := range given {
		levels[t.Role.Value] = t.Level
	}
	return levels
}

func conduct(name string) peer.Strictness {
	if name == "strict" {
		return peer.Strict
	}
	return peer.Lenient
}

func strictness(name string) wamp.URIRules {
	if name == "strict" {
		return wamp.StrictURIs
	}
	return wamp.LooseURIs
}
