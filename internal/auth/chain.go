package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The authentication methods as WAMP names them.
const (
	methodCryptosign = "cryptosign"
	methodSCRAM      = "wamp-scram"
	methodCRA        = "wampcra"
	methodTicket     = "ticket"
	methodTLS        = "tls"
	methodCookie     = "cookie"
	methodAnonymous  = "anonymous"
)

// The values of authprovider, but for tickets and the application.
const (
	providerStatic      = "static" // users of the configuration
	providerKey         = "api_key"
	providerCertificate = "certificate"
	providerAnonymous   = "anonymous"
)

// ChainOptions holds what the methods of a [Chain] need. A method whose fields are nil is not offered.
type ChainOptions struct {
	Tickets   *Tickets
	Foreign   ForeignTickets // nil: none
	Keys      *Keys
	Users     *Users
	Anonymous *Anonymous
	// Dynamic looks up users that are not in Users.
	Dynamic *Dynamic
	// Cookies remembers browsers.
	Cookies *Cookies
	// Certificates maps client certificates to identities.
	Certificates *Certificates
	// Authorities signed the client certificates.
	Authorities *x509.CertPool
	// SigningKey signs the challenges by which clients of cryptosign verify this server.
	SigningKey ed25519.PrivateKey
	// Certificate is the server's own, for the channel binding tls-server-end-point.
	Certificate *x509.Certificate
	// Seed determines the challenges for users that do not exist; nil derives it from the users' secrets. Seed
	// must be secret, and the same on all nodes and after a restart.
	Seed   []byte
	Logger *slog.Logger
	// Attempts limits failed logins. nil limits nothing.
	Attempts *attempts.Limit
	Hashing  HashOptions
}

// ForeignTickets are tickets that other parts of the server redeem.
type ForeignTickets interface {
	// Redeems reports whether a secret has the form of such a ticket.
	Redeems(ticket string) bool
	// Redeem returns the identity of a ticket. The error is a *[wamp.Failure].
	Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error)
}

// Chain authenticates clients, by the first method of the client's list that is offered. Safe for concurrent
// use.
type Chain struct {
	options  ChainOptions
	log      *slog.Logger
	counters counters
	decoy    *decoy
	endPoint []byte // hash of the server's certificate
	hashing  *hashing
	methods  []method
}

// A method is one way to log in. The value of each method stands in the file of its functions.
type method struct {
	name    string                   // the name in WAMP
	offered func(*ChainOptions) bool // reports whether the options have what the method needs
	begin   func(*Chain, context.Context, *login) (peer.AuthResult, error)
	// proves says that the client names a user and then proves to be that user. Such a login is refused at once if too
	// many have failed.
	proves bool
}

// knownMethods lists all methods, in the order in which a refusal names them.
var knownMethods = [...]method{cryptosignMethod, scramMethod, craMethod, ticketMethod, tlsMethod, cookieMethod, anonymousMethod}

// login is one attempt of a client to log in.
type login struct {
	peer.AuthRequest
	method string
	authid string    // "" if the client named none
	extra  wamp.Dict // HELLO.Details.authextra
	asked  bool      // the user source was asked about this login
	known  bool      // and the user has logged in from this address before
}

// NewChain returns a chain of the methods for which the options have what they need.
func NewChain(options ChainOptions) *Chain {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Chain{
		options: options, log: options.Logger,
		decoy: newDecoy(options.Users, options.Seed), endPoint: endPointHash(options.Certificate),
		hashing: newHashing(options.Hashing),
	}
	if options.Cookies != nil {
		options.Cookies.own(c)
	}
	if options.Tickets != nil {
		c.counters = options.Tickets.counters // tickets are also redeemed outside of the chain
	} else {
		c.counters = newCounters()
	}
	for _, m := range knownMethods {
		if m.offered(&c.options) {
			c.methods = append(c.methods, m)
		}
	}
	return c
}

// Authenticate implements [peer.Authenticator].
//
//	redeemed a ticket (?ticket=)       -> that identity, whatever the client lists
//	lists a method that is offered     -> that method alone decides
//	lists nothing, has a certificate   -> the same as a list of "tls"
//	lists nothing and claims no authid -> the same as a list of "anonymous"
//	anything else                      -> no_matching_auth_method
func (c *Chain) Authenticate(ctx context.Context, handshake peer.AuthRequest) (peer.AuthResult, error) {
	l := &login{AuthRequest: handshake}
	l.authid, _ = handshake.Details.String("authid")
	l.extra, _ = handshake.Details.Dict("authextra")
	if known := handshake.Peer.Identity; known != nil {
		if l.authid != "" && l.authid != known.ID {
			c.counters.count(MethodTicket, Mismatch)
			return peer.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "the authid is another user than the ticket of this connection is for")
		}
		return c.remember(l, peer.AuthResult{Identity: known}), nil
	}
	methods, _ := handshake.Details.Strings("authmethods")
	if c.options.Dynamic == nil {
		l.Details = nil // a challenge keeps the login, and only a query of the user source has the details
	}
	switch {
	case len(methods) > 0:
	case c.hasCertificate(l):
		methods = []string{methodTLS}
	case l.authid == "":
		methods = []string{methodAnonymous}
	}
	for _, name := range methods {
		for _, m := range c.methods {
			if m.name == name {
				return c.begin(ctx, l, &m)
			}
		}
	}
	c.counters.count(MethodNone, Unknown)
	return peer.AuthResult{}, c.noMethod()
}

// begin begins a login by a method.
func (c *Chain) begin(ctx context.Context, l *login, m *method) (peer.AuthResult, error) {
	l.method = m.name
	if m.proves {
		if err := c.mayTry(l); err != nil {
			return peer.AuthResult{}, err
		}
	}
	outcome, err := m.begin(c, ctx, l)
	if err != nil {
		if l.asked {
			c.record(l, err)
		}
		return outcome, err
	}
	return c.remember(l, outcome), nil
}

// find returns the user of a login if the user has the credential that the method needs, or nil. Users of the
// configuration are not looked up in the user source.
func (c *Chain) find(ctx context.Context, l *login, has func(*user) bool) (*user, error) {
	if u := c.options.Users.find(l.authid, has); u != nil {
		return u, nil
	}
	if !c.options.Dynamic.supports(l.method) || c.options.Users.knows(l.authid) {
		return nil, nil
	}
	found, err := c.lookUp(ctx, l, "")
	if err != nil || found.user == nil || !has(found.user) {
		return nil, err
	}
	return found.user, nil
}

// checkAuthID refuses logins without an authid, and authids that are too long.
func (c *Chain) checkAuthID(l *login, method Method) error {
	if l.authid != "" && len(l.authid) <= maxUserBytes {
		return nil
	}
	c.counters.count(method, Malformed)
	return wamp.Fail(wamp.ErrAuthenticationDenied, "the method %s needs an authid of 1 to %d bytes", method, maxUserBytes)
}

// refuseUser returns the same error for an unknown user and for a wrong proof. The log says more, but never has the
// authid of an unknown user: strangers must not write to the log.
func (c *Chain) refuseUser(ctx context.Context, method Method, found *user) *wamp.Failure {
	result, name := Unknown, ""
	if found != nil {
		result, name = WrongProof, found.profile.ID
	}
	c.counters.count(method, result)
	c.log.InfoContext(ctx, "a login was refused", "method", string(method), "result", string(result), "user", name)
	return wamp.Fail(wamp.ErrAuthenticationDenied, "there is no such user, or the proof is not this user's")
}

func (c *Chain) noMethod() *wamp.Failure {
	if len(c.methods) == 0 {
		return wamp.Fail(wamp.ErrNoMatchingAuthMethod, "this server is configured to let nobody in")
	}
	names, forPages := make([]string, len(c.methods)), ""
	for i, m := range c.methods {
		if names[i] = m.name; m.name == methodTicket {
			forPages = "; a page of the browser SDK passes the option ticket to connect"
		}
	}
	return wamp.Fail(wamp.ErrNoMatchingAuthMethod,
		"this server needs one of the authentication methods %s; name it in authmethods%s", strings.Join(names, ", "), forPages)
}

// Stats returns the numbers of logins by method and result. Tickets that were redeemed elsewhere are included.
func (c *Chain) Stats() []Count { return c.counters.counts() }

// Interface guards.
var (
	_ peer.Authenticator = (*Chain)(nil)
	_ peer.Renewer       = (*Chain)(nil)
)
