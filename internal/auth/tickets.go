package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// Audience is the required aud of a ticket. A token that the application made for another purpose does not
	// open a session here.
	Audience = "tidings"
	// DefaultTTL is the life of a ticket: the time that a page may take to load and connect.
	DefaultTTL = 5 * time.Minute
	// Leeway is the allowed difference between the clocks of the application and this server.
	Leeway = 10 * time.Second

	// minSecretBytes is the size of the hash; shorter secrets weaken HMAC-SHA256.
	minSecretBytes = 32
	// maxTicketBytes limits the bytes that are decoded for a client that is not authenticated. A ticket fits into
	// a URL.
	maxTicketBytes = 8 << 10
)

// ReplayGuard makes each ticket valid once.
type ReplayGuard interface {
	// Use records the use of an id until the given time, and reports whether it is the first use. issued is when
	// the ticket was issued; zero: it does not say. An error means that the caller must refuse the ticket.
	//
	// If the error has a method MayBeUsed that returns true, uses of that time are forgotten: the ticket is not
	// accepted later either. If it has a method Reported that returns true, the guard has logged the cause.
	Use(ctx context.Context, id string, issued, until time.Time) (fresh bool, err error)
}

// TicketOptions configures [Tickets]. Secrets and ReplayGuard are required.
type TicketOptions struct {
	Secrets     []string      // the first signs, all verify: put a new secret in front of the old one
	TTL         time.Duration // the longest and the default life of a ticket; 0 means DefaultTTL
	ReplayGuard ReplayGuard
	Logger      *slog.Logger
	Attempts    *attempts.Limit // counts tickets that this server has not signed; nil counts nothing
}

// Tickets issues and redeems one-time tickets. A ticket is a JWT, signed with HMAC-SHA256; applications may also sign
// tickets themselves. Safe for concurrent use.
type Tickets struct {
	signingKey []byte
	verifyKeys []any // of type []byte, as the library requires
	validator  *jwt.Validator
	ttl        time.Duration
	guard      ReplayGuard
	log        *slog.Logger
	attempts   *attempts.Limit
	counters   counters
}

// Grant is the identity that a ticket is issued for.
type Grant struct {
	User   string // required
	Name   string
	Roles  []string // the first is WAMP's authrole
	Tenant string
	Claims map[string]any // for rules
	TTL    time.Duration  // 0 means the configured TTL; a longer one is refused
	// Session is the life of the session that the ticket opens or renews, in whole seconds; 0: it has no end.
	Session time.Duration
}

// NewTickets returns an error if the options are unsafe or incomplete.
func NewTickets(options TicketOptions) (*Tickets, error) {
	t := &Tickets{ttl: options.TTL, guard: options.ReplayGuard, log: options.Logger, attempts: options.Attempts, counters: newCounters()}
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
		if flaw := text.SecretFlaw(secret); flaw != "" {
			return nil, fmt.Errorf("ticket secret %d %s", i+1, flaw)
		}
		if len(secret) < minSecretBytes {
			return nil, fmt.Errorf("ticket secret %d has %d bytes; it needs at least %d random ones, such as those of: openssl rand -base64 32",
				i+1, len(secret), minSecretBytes)
		}
		t.verifyKeys = append(t.verifyKeys, []byte(secret))
	}
	t.signingKey = []byte(options.Secrets[0])
	t.validator = jwt.NewValidator(
		jwt.WithAudience(Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(Leeway),
	)
	return t, nil
}

// TTL returns the longest life of a ticket.
func (t *Tickets) TTL() time.Duration { return t.ttl }

// Issue signs a ticket. The error is a *[wamp.Failure] if the grant is at fault.
func (t *Tickets) Issue(grant Grant) (ticket string, expires time.Time, err error) {
	if grant.TTL == 0 {
		grant.TTL = t.ttl
	}
	if grant.TTL < 0 || grant.TTL > t.ttl {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "a ticket lives at most %s, not %s", t.ttl, grant.TTL)
	}
	if grant.Session < 0 || grant.Session > maxSession || grant.Session%time.Second != 0 {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument,
			"a session lives whole seconds, at most %d hours, not %s; leave it out for a session without end", maxSession/time.Hour, grant.Session)
	}
	now := time.Now().Truncate(time.Second) // the resolution of a JWT
	expires = now.Add(grant.TTL)
	c := &claims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: rand.Text(), Subject: grant.User, Audience: jwt.ClaimStrings{Audience},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Name: grant.Name, Roles: grant.Roles, Tenant: grant.Tenant, Extra: grant.Claims,
	}
	if grant.Session > 0 {
		c.Session = int64(grant.Session / time.Second)
	}
	if err := c.check(); err != nil {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "%s", err)
	}
	ticket, err = jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(t.signingKey)
	if err != nil {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "the claims cannot be written as JSON: %s", err)
	}
	if len(ticket) > maxTicketBytes {
		return "", time.Time{}, wamp.Fail(wamp.ErrInvalidArgument, "the ticket would have %d bytes; at most %d are taken: give it fewer claims", len(ticket), maxTicketBytes)
	}
	return ticket, expires, nil
}

// Redeem returns the identity of a ticket and marks the ticket as used. Of all calls with the same ticket, on all
// nodes, one succeeds. The error is a *[wamp.Failure] that may be shown to the client, whose address is from.
func (t *Tickets) Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error) {
	return t.redeem(ctx, ticket, ticketUse{from: from})
}

// ticketUse is the use of a ticket by a client.
type ticketUse struct {
	user    string         // that the client names; "" matches every ticket
	renewed *peer.Identity // of the session that the ticket renews; nil: it opens one
	from    netip.Addr
}

// redeem is Redeem for a client that may name a user. A ticket of another user is refused and stays unused.
func (t *Tickets) redeem(ctx context.Context, ticket string, by ticketUse) (*peer.Identity, error) {
	c, refused := t.read(ticket)
	if c == nil { // its signature is wrong; what else is wrong with a ticket is no guess
		t.attempts.Reject(by.from)
	}
	if refused == nil && by.user != "" && by.user != c.Subject {
		refused = refuse(Mismatch, "the ticket is for another user than the authid says")
	}
	if refused == nil && by.renewed != nil {
		refused = sameUser(by.renewed, c.identity())
	}
	if refused == nil {
		refused = t.markUsed(ctx, c)
	}
	if refused != nil {
		t.counters.count(MethodTicket, refused.result)
		t.logRefusal(ctx, c, refused)
		return nil, refused.failure()
	}
	t.counters.count(MethodTicket, Accepted)
	identity := c.identity()
	life, _ := sessionLife(c.Session) // read has checked it
	endAfter(identity, life)
	return identity, nil
}

func (t *Tickets) markUsed(ctx context.Context, c *claims) *refusal {
	var issued time.Time
	if c.IssuedAt != nil {
		issued = c.IssuedAt.Time
	}
	fresh, err := t.guard.Use(ctx, c.ID, issued, c.ExpiresAt.Add(Leeway))
	var forgotten interface{ MayBeUsed() bool }
	switch {
	case errors.As(err, &forgotten) && forgotten.MayBeUsed():
		return &refusal{Outdated, "the ticket was issued before the server started, and may have been used before: ask the application for a new one", err}
	case err != nil:
		// A stolen ticket must not be accepted while the guard is unavailable.
		return &refusal{Unavailable, "tickets cannot be checked at the moment, because the server cannot store which were used; try again", err}
	case !fresh:
		return refuse(Used, "the ticket was used before; each is good for one connection: ask the application for a new one")
	}
	return nil
}

// logRefusal logs a refusal. It names the ticket's id only if the signature is valid, because strangers must not
// write to the log.
func (t *Tickets) logRefusal(ctx context.Context, c *claims, refused *refusal) {
	attributes := []any{"result", string(refused.result), "detail", refused.message}
	if c != nil && c.ID+c.Subject != "" {
		attributes = append(attributes, "jti", c.ID, "user", c.Subject)
	}
	if refused.cause != nil {
		attributes = append(attributes, "error", refused.cause)
	}
	var known interface{ Reported() bool }
	if refused.result == Unavailable && (!errors.As(refused.cause, &known) || !known.Reported()) {
		t.log.ErrorContext(ctx, "a ticket could not be checked", attributes...)
		return
	}
	t.log.InfoContext(ctx, "a ticket was refused", attributes...)
}
