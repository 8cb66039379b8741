package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// Audience is what the aud of a ticket must be: a token that the application made for
	// something else does not open a session here.
	Audience = "tidings"
	// DefaultTTL is how long a ticket is valid: as long as a page may take to load and connect.
	DefaultTTL = 5 * time.Minute
	// Leeway is what the clocks of the application's server and ours may differ.
	Leeway = 10 * time.Second

	// minSecretBytes is the size of the hash: shorter secrets are weaker than HMAC-SHA256.
	minSecretBytes = 32
	// maxTicketBytes bounds what is decoded for a client that has proved nothing. It fits a URL.
	maxTicketBytes = 8 << 10
)

// ReplayGuard remembers the tickets that have been used.
type ReplayGuard interface {
	// Use says that the ticket is used and whether that is the first time. It must remember it
	// until the time given. An error means that it does not know.
	Use(ctx context.Context, id string, until time.Time) (fresh bool, err error)
}

// TicketOptions is what tickets stand on.
type TicketOptions struct {
	Secrets     []string      // the first signs, all verify: a new one goes in front of the old one
	TTL         time.Duration // the longest life of a ticket, and the usual one; 0: DefaultTTL
	ReplayGuard ReplayGuard
	Logger      *slog.Logger
}

// Tickets issues one-time tickets and takes them back. A ticket is a JWT, signed with HMAC-SHA256,
// that an application may sign by itself too. It is safe for concurrent use.
type Tickets struct {
	signing   []byte
	verify    []any // []byte each, as the library wants it
	validator *jwt.Validator
	ttl       time.Duration
	guard     ReplayGuard
	log       *slog.Logger
	counters  counters
}

// Grant is whom a ticket is for.
type Grant struct {
	User   string // required
	Name   string
	Roles  []string // the first is WAMP's authrole
	Tenant string
	Claims map[string]any // what rules may ask for
	TTL    time.Duration  // 0: as configured; more than that is refused
}

// NewTickets checks the options.
func NewTickets(options TicketOptions) (*Tickets, error) {
	t := &Tickets{ttl: options.TTL, guard: options.ReplayGuard, log: options.Logger, counters: newCounters()}
	if t.ttl <= 0 {
		t.ttl = DefaultTTL
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if t.guard == nil {
		return nil, errors.New("tickets need a store of used ones, or each could be used twice")
	}
	if len(options.Secrets) == 0 {
		return nil, errors.New("tickets need a secret")
	}
	for i, secret := range options.Secrets {
		if len(secret) < minSecretBytes {
			return nil, fmt.Errorf("ticket secret %d has %d bytes; it needs at least %d random ones, such as those of: openssl rand -base64 32",
				i+1, len(secret), minSecretBytes)
		}
		t.verify = append(t.verify, []byte(secret))
	}
	t.signing = []byte(options.Secrets[0])
	t.validator = jwt.NewValidator(
		jwt.WithAudience(Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(Leeway),
	)
	return t, nil
}

// TTL is the longest life of a ticket.
func (t *Tickets) TTL() time.Duration { return t.ttl }

// Issue signs a ticket. The error is a *[wamp.Failure] if the grant is at fault.
func (t *Tickets) Issue(grant Grant) (ticket string, expires time.Time, err error) {
	if grant.TTL == 0 {
		grant.TTL = t.ttl
	}
	if grant.TTL < 0 || grant.TTL > t.ttl {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "a ticket lives at most %s, not %s", t.ttl, grant.TTL)
	}
	now := time.Now().Truncate(time.Second) // what a JWT can express
	expires = now.Add(grant.TTL)
	c := &claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: rand.Text(), Subject: grant.User, Audience: jwt.ClaimStrings{Audience},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Name: grant.Name, Roles: grant.Roles, Tenant: grant.Tenant, Extra: grant.Claims,
	}
	if err := c.check(); err != nil {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "%s", err)
	}
	ticket, err = jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.signing)
	if err != nil {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "the claims cannot be written as JSON: %s", err)
	}
	if len(ticket) > maxTicketBytes {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "the ticket would have %d bytes; at most %d are taken: give it fewer claims", len(ticket), maxTicketBytes)
	}
	return ticket, expires, nil
}

// Redeem takes a ticket back for the identity in it. Of all who try with the same ticket, on all
// nodes, one succeeds. The error is a *[wamp.Failure] that may be shown to the client.
func (t *Tickets) Redeem(ctx context.Context, ticket string) (*router.Identity, error) {
	return t.redeem(ctx, ticket, "")
}

// redeem refuses a ticket that is not for the user the client said it is, before it is spent; an
// empty user is whoever the ticket is for.
func (t *Tickets) redeem(ctx context.Context, ticket, user string) (*router.Identity, error) {
	c, refused := t.read(ticket)
	if refused == nil && user != "" && user != c.Subject {
		refused = refuse(Mismatch, "the ticket is for another user than the authid says")
	}
	if refused == nil {
		refused = t.spend(ctx, c)
	}
	if refused != nil {
		t.counters.count(MethodTicket, refused.result)
		t.logRefusal(ctx, c, refused)
		return nil, refused.failure()
	}
	t.counters.count(MethodTicket, Accepted)
	return c.identity(), nil
}

func (t *Tickets) spend(ctx context.Context, c *claims) *refusal {
	fresh, err := t.guard.Use(ctx, c.ID, c.ExpiresAt.Add(Leeway))
	switch {
	case err != nil:
		// Not knowing must not let a stolen ticket in.
		return &refusal{Unavailable, "tickets cannot be checked at the moment; try again", err}
	case !fresh:
		return refuse(Used, "the ticket was used before; each is good for one connection: ask the application for a new one")
	}
	return nil
}

// logRefusal names the ticket by its id, and only if it is really one of ours: anything else would
// let strangers write our log.
func (t *Tickets) logRefusal(ctx context.Context, c *claims, refused *refusal) {
	attributes := []any{"result", string(refused.result)}
	if c != nil {
		attributes = append(attributes, "jti", c.ID, "user", c.Subject)
	}
	if refused.cause != nil {
		attributes = append(attributes, "error", refused.cause)
	}
	if refused.result == Unavailable {
		t.log.ErrorContext(ctx, "a ticket could not be checked", attributes...)
		return
	}
	t.log.InfoContext(ctx, "a ticket was refused", attributes...)
}
