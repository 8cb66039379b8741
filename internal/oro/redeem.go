package oro

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
)

// ReplayGuard makes each ticket of a user valid once. It has to remember an id for [TicketMemory], and to allow for
// issued times that are [TicketAhead] ahead.
type ReplayGuard interface {
	// Use records the use of an id until the given time, and reports whether it is the first use. issued is when
	// the ticket was made. An error means that the caller must refuse the ticket.
	//
	// If the error has a method MayBeUsed that returns true, uses of that time are forgotten: the ticket is not
	// accepted later either. If it has a method Reported that returns true, the guard has logged the cause.
	Use(ctx context.Context, id string, issued, until time.Time) (fresh bool, err error)
}

// TicketOptions configures [Tickets]. Secret, Users and Guard are required.
type TicketOptions struct {
	Secret   string // the application's; without it all tickets are refused
	Users    Users
	Guard    ReplayGuard
	Backends []netip.Prefix  // where backends may connect from; none: from everywhere
	Attempts *attempts.Limit // counts logins that failed; nil counts nothing
	Logger   *slog.Logger
	Logins   LoginOptions
}

// Tickets redeems Oro's tickets. Safe for concurrent use.
//
// The secret of a ticket is the hash of the user's password together with the application's secret, so it cannot be
// guessed. What an attacker can do is to make the server compute digests. Logins that failed therefore count, as those
// by password, and the digests are queued.
type Tickets struct {
	options  TicketOptions
	digest   func(t *ticket, password, secret string) [sha512.Size]byte // a test counts and holds the calls
	queue    *digestQueue
	backends *backendTickets
	outcomes *outcomes

	// hashBytes is the length of the last password's hash that was found. The digest of an unknown user hashes as much,
	// or the time of the answer would tell which users exist.
	hashBytes atomic.Int64
}

// bcryptBytes is the length of a hash by bcrypt, which Oro uses.
const bcryptBytes = 60

// NewTickets returns Tickets without any that was used.
func NewTickets(o TicketOptions) *Tickets {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logins = o.Logins.withDefaults()
	t := &Tickets{
		options:  o,
		digest:   (*ticket).expected,
		queue:    newDigestQueue(o.Logins),
		backends: newBackendTickets(o.Logins.BackendTickets),
		outcomes: newOutcomes(o.Logger),
	}
	t.hashBytes.Store(bcryptBytes)
	return t
}

// Redeems reports whether a text has the form of Oro's tickets.
func (t *Tickets) Redeems(ticket string) bool { return hasTicketForm(ticket) }

// OfBackend reports whether a ticket claims to be that of a backend: it names no user. Nothing is checked.
func (t *Tickets) OfBackend(text string) bool {
	parsed, err := parseTicket(text)
	return err == nil && parsed.username == ""
}

// Counts returns the number of tickets with each outcome.
func (t *Tickets) Counts() map[Outcome]uint64 { return t.outcomes.counts() }

// Redeem returns the identity of a ticket's user, or that of a backend. The ticket of a user is used then: of all calls
// with it, on all nodes, one succeeds. That of a backend may come again from the same address. The error is a
// *[wamp.Failure] that may be shown to the client, whose address is from.
func (t *Tickets) Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error) {
	l := &ticketLogin{from: from.Unmap().WithZone("")} // a prefix contains no address with a zone
	identity, refused := t.redeem(ctx, l, ticket)
	if refused != nil {
		if refused.isFault() && errors.Is(ctx.Err(), context.Canceled) {
			refused = refuseTicket(Canceled, "the client has gone")
		}
		t.outcomes.refused(ctx, l, refused)
		return nil, refused.failure()
	}
	t.outcomes.count(Accepted)
	return identity, nil
}

func (t *Tickets) redeem(ctx context.Context, l *ticketLogin, encoded string) (*peer.Identity, *ticketRefusal) {
	var err error
	if l.ticket, err = parseTicket(encoded); err != nil {
		t.options.Attempts.Reject(l.from)
		return nil, refuseTicket(Malformed, "this is no ticket of Oro: "+err.Error())
	}
	if refused := l.checkTime(time.Now()); refused != nil {
		return nil, refused
	}
	if t.options.Secret == "" {
		return nil, refuseTicket(Unavailable, "tickets cannot be checked, because Oro's secret (oro.secret) is missing")
	}
	if l.isBackend() {
		return t.redeemBackend(ctx, l)
	}
	return t.redeemUser(ctx, l)
}

func (t *Tickets) redeemUser(ctx context.Context, l *ticketLogin) (*peer.Identity, *ticketRefusal) {
	t.classify(l, "oro user "+strings.ToLower(l.username))
	if refused := t.mayTry(l); refused != nil { // before the application is asked
		return nil, refused
	}
	user, err := t.options.Users.Find(ctx, l.username)
	if err != nil {
		return nil, &ticketRefusal{Unavailable, "users cannot be found at the moment, because the application does not answer: try again", err, t.outcomes.users}
	}
	t.outcomes.users.worked(ctx, t.options.Logger)
	if refused := t.checkUser(ctx, l, user); refused != nil {
		return nil, refused
	}
	if refused := t.markUsed(ctx, l, user); refused != nil {
		return nil, refused
	}
	t.options.Attempts.Succeeded(l.account)
	return userIdentity(user), nil
}

// markUsed uses up the ticket of a user. The id has the user and not the name, of which there are several spellings.
func (t *Tickets) markUsed(ctx context.Context, l *ticketLogin, user *User) *ticketRefusal {
	proof := l.proof()
	id := sha256.Sum256(strconv.AppendInt(proof[:], user.ID, 10))
	fresh, err := t.options.Guard.Use(ctx, "oro "+base64.RawURLEncoding.EncodeToString(id[:]), l.at, l.until())
	var forgotten interface{ MayBeUsed() bool }
	switch {
	case errors.As(err, &forgotten) && forgotten.MayBeUsed():
		return &ticketRefusal{Outdated, "the ticket was made before the server started, and may have been used before: ask the application for a new one", err, nil}
	case err != nil:
		// A stolen ticket must not be accepted while the guard is unavailable.
		return &ticketRefusal{Unavailable, "tickets cannot be checked at the moment, because the server cannot store which were used: try again", err, t.outcomes.guard}
	}
	t.outcomes.guard.worked(ctx, t.options.Logger)
	if !fresh {
		return refuseTicket(Used, "the ticket was used before; each is good for one connection: ask the application for a new one")
	}
	return nil
}

func userIdentity(u *User) *peer.Identity {
	organizations := make([]any, len(u.Organizations)) // as the lists of decoded JSON are, for rules
	for i, id := range u.Organizations {
		organizations[i] = id
	}
	return &peer.Identity{
		ID: strconv.FormatInt(u.ID, 10), Name: text.Clean(u.Username), Roles: slices.Clone(u.Roles),
		Claims: map[string]any{"organizations": organizations, "username": u.Username},
		Method: method, Provider: provider,
	}
}
