package auth

import (
	"context"
	"log/slog"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The authentication methods as WAMP names them.
const (
	methodTicket    = "ticket"
	methodAnonymous = "anonymous"
)

// ChainOptions is what clients may prove themselves by; nil is not offered.
type ChainOptions struct {
	Tickets   *Tickets
	Keys      *Keys
	Anonymous *Anonymous
	Logger    *slog.Logger
}

// Chain decides who a client is, by the first method of the client's list that is offered. It is
// safe for concurrent use.
type Chain struct {
	options  ChainOptions
	log      *slog.Logger
	counters counters
}

// NewChain makes a chain of what is offered.
func NewChain(options ChainOptions) *Chain {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Chain{options: options, log: options.Logger}
	if options.Tickets != nil {
		c.counters = options.Tickets.counters // one account, whichever way a ticket came in
	} else {
		c.counters = newCounters()
	}
	return c
}

// Authenticate implements [router.Authenticator].
//
//	proved already (?ticket=)           -> that identity, whatever the client lists
//	lists "ticket", and it is offered   -> CHALLENGE; the answer decides, there is no second way
//	lists "anonymous", and it is offered-> an identity of its own
//	lists nothing and claims no authid  -> the same as a list of "anonymous"
//	anything else                       -> no_matching_auth_method
func (c *Chain) Authenticate(_ context.Context, handshake router.Handshake) (router.Outcome, error) {
	authid, _ := handshake.Details.String("authid")
	if known := handshake.Peer.Identity; known != nil {
		if authid != "" && authid != known.ID {
			c.counters.count(MethodTicket, Mismatch)
			return router.Outcome{}, wamp.Fail(wamp.ErrAuthenticationDenied, "the authid is another user than the ticket of this connection is for")
		}
		return router.Outcome{Identity: known}, nil
	}
	methods, _ := handshake.Details.Strings("authmethods")
	if len(methods) == 0 && authid == "" {
		methods = []string{methodAnonymous}
	}
	for _, method := range methods {
		switch {
		case method == methodTicket && c.takesTickets():
			return c.challenge(authid), nil
		case method == methodAnonymous && c.options.Anonymous != nil:
			c.counters.count(MethodAnonymous, Accepted)
			return router.Outcome{Identity: c.options.Anonymous.Identity()}, nil
		}
	}
	c.counters.count(MethodNone, Unknown)
	return router.Outcome{}, c.noMethod()
}

// challenge asks for the ticket. What comes is judged by itself: a client that fails is not tried
// by the next method of its list.
func (c *Chain) challenge(authid string) router.Outcome {
	return router.Outcome{
		Challenge: &wamp.Challenge{Method: methodTicket, Extra: wamp.Dict{}},
		Next: func(ctx context.Context, answer *wamp.Authenticate) (router.Outcome, error) {
			identity, err := c.redeem(ctx, answer.Signature, authid)
			return router.Outcome{Identity: identity}, err
		},
	}
}

// redeem takes an API key or a ticket: both come by the method "ticket", since WAMP has no other
// for a secret as it is.
func (c *Chain) redeem(ctx context.Context, secret, authid string) (*router.Identity, error) {
	if c.options.Keys != nil {
		if key := c.options.Keys.find(secret); key != nil {
			return c.admitKey(ctx, key, authid)
		}
	}
	if c.options.Tickets != nil {
		return c.options.Tickets.redeem(ctx, secret, authid)
	}
	c.counters.count(MethodKey, Unknown)
	c.log.InfoContext(ctx, "an unknown API key was refused")
	return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "no such API key")
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

func (c *Chain) takesTickets() bool { return c.options.Tickets != nil || c.options.Keys != nil }

func (c *Chain) noMethod() *wamp.Failure {
	var offered []string
	if c.takesTickets() {
		offered = append(offered, methodTicket)
	}
	if c.options.Anonymous != nil {
		offered = append(offered, methodAnonymous)
	}
	if len(offered) == 0 {
		return wamp.Fail(wamp.ErrNoMatchingAuthMethod, "this server is configured to let nobody in")
	}
	return wamp.Fail(wamp.ErrNoMatchingAuthMethod,
		"this server needs one of the authentication methods %s; name it in authmethods", strings.Join(offered, ", "))
}

// Stats counts attempts by method and result, tickets of any way in included.
func (c *Chain) Stats() []Count { return c.counters.counts() }

// Interface guards.
var _ router.Authenticator = (*Chain)(nil)
