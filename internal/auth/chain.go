package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"log/slog"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The authentication methods as WAMP names them, in the order in which they are offered.
const (
	methodCryptosign = "cryptosign"
	methodSCRAM      = "wamp-scram"
	methodCRA        = "wampcra"
	methodTicket     = "ticket"
	methodTLS        = "tls"
	methodCookie     = "cookie"
	methodAnonymous  = "anonymous"
)

// providerStatic vouches for who stands in the configuration.
const providerStatic = "static"

// ChainOptions is what clients may prove themselves by; nil is not offered.
type ChainOptions struct {
	Tickets   *Tickets
	Keys      *Keys
	Users     *Users
	Anonymous *Anonymous
	// Dynamic knows users whom Users does not have.
	Dynamic *Dynamic
	// Cookies remembers browsers.
	Cookies *Cookies
	// Certificates tells clients by their certificates.
	Certificates *Certificates
	// SigningKey proves this server to clients of cryptosign that ask for it.
	SigningKey ed25519.PrivateKey
	// Certificate is the server's own, for the channel binding tls-server-end-point.
	Certificate *x509.Certificate
	// Seed makes what users who do not exist are shown; nil takes what the users' secrets give. It must
	// be secret, and the same on all nodes and after a restart.
	Seed   []byte
	Logger *slog.Logger
}

// Chain decides who a client is, by the first method of the client's list that is offered. It is
// safe for concurrent use.
type Chain struct {
	options  ChainOptions
	log      *slog.Logger
	counters counters
	decoy    *decoy
	endPoint []byte        // hash of the server's certificate
	hashing  chan struct{} // one for each password that is being hashed
	offered  []offer
}

// offer is a method and what begins it.
type offer struct {
	method string
	begin  func(context.Context, *attempt) (router.AuthResult, error)
}

// attempt is a client's try to be somebody.
type attempt struct {
	router.AuthRequest
	method string
	authid string    // "" if it named none
	extra  wamp.Dict // HELLO.Details.authextra
}

// NewChain makes a chain of what is offered.
func NewChain(options ChainOptions) *Chain {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Chain{
		options: options, log: options.Logger,
		decoy: newDecoy(options.Users, options.Seed), endPoint: endPointOf(options.Certificate),
		hashing: make(chan struct{}, hashingAtOnce),
	}
	if options.Tickets != nil {
		c.counters = options.Tickets.counters // one account, whichever way a ticket came in
	} else {
		c.counters = newCounters()
	}
	for _, o := range []struct {
		offer
		when bool
	}{
		{offer{methodCryptosign, c.beginCryptosign}, options.Users.some(hasKeys) || options.Dynamic.takes(methodCryptosign)},
		{offer{methodSCRAM, c.beginSCRAM}, options.Users.some(hasSCRAM) || options.Dynamic.takes(methodSCRAM)},
		{offer{methodCRA, c.beginCRA}, options.Users.some(hasCRA) || options.Dynamic.takes(methodCRA)},
		{offer{methodTicket, c.beginTicket}, c.takesTickets()},
		{offer{methodTLS, c.beginTLS}, options.Certificates != nil},
		{offer{methodCookie, c.beginCookie}, options.Cookies != nil},
		{offer{methodAnonymous, c.beginAnonymous}, options.Anonymous != nil},
	} {
		if o.when {
			c.offered = append(c.offered, o.offer)
		}
	}
	return c
}

// Authenticate implements [router.Authenticator].
//
//	proved already (?ticket=)          -> that identity, whatever the client lists
//	lists a method that is offered     -> that method alone decides, there is no second way
//	lists nothing, has a certificate   -> the same as a list of "tls"
//	lists nothing and claims no authid -> the same as a list of "anonymous"
//	anything else                      -> no_matching_auth_method
func (c *Chain) Authenticate(ctx context.Context, handshake router.AuthRequest) (router.AuthResult, error) {
	a := &attempt{AuthRequest: handshake}
	a.authid, _ = handshake.Details.String("authid")
	a.extra, _ = handshake.Details.Dict("authextra")
	if known := handshake.Peer.Identity; known != nil {
		if a.authid != "" && a.authid != known.ID {
			c.counters.count(MethodTicket, Mismatch)
			return router.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "the authid is another user than the ticket of this connection is for")
		}
		return c.remember(a, router.AuthResult{Identity: known}), nil
	}
	methods, _ := handshake.Details.Strings("authmethods")
	switch {
	case len(methods) > 0:
	case c.showsCertificate(a):
		methods = []string{methodTLS}
	case a.authid == "":
		methods = []string{methodAnonymous}
	}
	for _, method := range methods {
		for _, o := range c.offered {
			if o.method == method {
				a.method = method
				outcome, err := o.begin(ctx, a)
				if err != nil {
					return outcome, err
				}
				return c.remember(a, outcome), nil
			}
		}
	}
	c.counters.count(MethodNone, Unknown)
	return router.AuthResult{}, c.noMethod()
}

func (c *Chain) beginAnonymous(context.Context, *attempt) (router.AuthResult, error) {
	c.counters.count(MethodAnonymous, Accepted)
	return router.AuthResult{Identity: c.options.Anonymous.Identity()}, nil
}

// beginTicket asks for the ticket. What comes is judged by itself: a client that fails is not tried
// by the next method of its list.
func (c *Chain) beginTicket(_ context.Context, a *attempt) (router.AuthResult, error) {
	return router.AuthResult{
		Challenge: &wamp.Challenge{Method: methodTicket, Extra: wamp.Dict{}},
		Next: func(ctx context.Context, answer *wamp.Authenticate) (router.AuthResult, error) {
			identity, err := c.redeem(ctx, answer.Signature, a)
			return router.AuthResult{Identity: identity}, err
		},
	}, nil
}

// find gives the user whom an attempt is about, if the user has what the method needs; nil if nobody
// does. A user of the configuration is no question for the application.
func (c *Chain) find(ctx context.Context, a *attempt, has func(*user) bool) (*user, error) {
	if u := c.options.Users.find(a.authid, has); u != nil {
		return u, nil
	}
	if !c.options.Dynamic.takes(a.method) || c.options.Users.knows(a.authid) {
		return nil, nil
	}
	said, err := c.askAbout(ctx, a, "")
	if err != nil || said.user == nil || !has(said.user) {
		return nil, err
	}
	return said.user, nil
}

// checkAuthID refuses who does not say who it is, and names that nobody can have.
func (c *Chain) checkAuthID(a *attempt, method Method) error {
	if a.authid != "" && len(a.authid) <= maxUserBytes {
		return nil
	}
	c.counters.count(method, Malformed)
	return wamp.Fail(wamp.ErrAuthenticationDenied, "the method %s needs an authid of 1 to %d bytes", method, maxUserBytes)
}

// refuseUser tells every client the same, whether the user or the proof was wrong. The log says more,
// but not what the client called itself if that is nobody's name: strangers do not write our log.
func (c *Chain) refuseUser(ctx context.Context, method Method, found *user) *wamp.Failure {
	result, name := Unknown, ""
	if found != nil {
		result, name = WrongProof, found.who.ID
	}
	c.counters.count(method, result)
	c.log.InfoContext(ctx, "a login was refused", "method", string(method), "result", string(result), "user", name)
	return wamp.Fail(wamp.ErrAuthenticationDenied, "there is no such user, or the proof is not this user's")
}

// redeem takes an API key or a ticket: both come by the method "ticket", since WAMP has no other
// for a secret as it is.
func (c *Chain) redeem(ctx context.Context, secret string, a *attempt) (*router.Identity, error) {
	if c.options.Keys != nil {
		if key := c.options.Keys.find(secret); key != nil {
			return c.admitKey(ctx, key, a.authid)
		}
	}
	asks := c.options.Dynamic.takes(methodTicket)
	switch {
	case c.options.Tickets != nil && (looksLikeTicket(secret) || !c.takesPasswords(a) && !asks):
		return c.options.Tickets.redeem(ctx, secret, a.authid)
	case asks && !c.options.Users.knows(a.authid):
		return c.askTicket(ctx, a, secret)
	case c.takesPasswords(a):
		return c.login(ctx, a.authid, secret)
	}
	c.counters.count(MethodKey, Unknown)
	c.log.InfoContext(ctx, "an unknown API key was refused")
	return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "no such API key")
}

func (c *Chain) takesTickets() bool {
	o := &c.options
	return o.Tickets != nil || o.Keys != nil || o.Users.some(hasPassword) || o.Dynamic.takes(methodTicket)
}

// takesPasswords reports whether a secret may be the password of the user that the client named.
func (c *Chain) takesPasswords(a *attempt) bool {
	return a.authid != "" && c.options.Users.some(hasPassword)
}

// looksLikeTicket tells tickets from passwords: a JWT is three texts of base64, the first of which
// begins with {" there. A person whose password does so, too, needs another.
func looksLikeTicket(secret string) bool {
	return strings.HasPrefix(secret, "eyJ") && strings.Count(secret, ".") == 2
}

func (c *Chain) admitKey(ctx context.Context, key *key, authid string) (*router.Identity, error) {
	if authid != "" && authid != key.name {
		c.counters.count(MethodKey, Mismatch)
		c.log.InfoContext(ctx, "an API key was refused: it has another name than the authid", "key", key.name)
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the authid is not the name of this API key; leave it out or give the name")
	}
	c.counters.count(MethodKey, Accepted)
	return key.identity(), nil
}

func (c *Chain) noMethod() *wamp.Failure {
	if len(c.offered) == 0 {
		return wamp.Fail(wamp.ErrNoMatchingAuthMethod, "this server is configured to let nobody in")
	}
	names := make([]string, len(c.offered))
	for i, o := range c.offered {
		names[i] = o.method
	}
	return wamp.Fail(wamp.ErrNoMatchingAuthMethod,
		"this server needs one of the authentication methods %s; name it in authmethods", strings.Join(names, ", "))
}

// Stats counts attempts by method and result, tickets of any way in included.
func (c *Chain) Stats() []Count { return c.counters.counts() }

// Interface guards.
var _ router.Authenticator = (*Chain)(nil)
