package oro

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/logonce"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Outcome is the result of one ticket, as metrics name it.
type Outcome string

// The outcomes that are counted.
const (
	Accepted       Outcome = "accepted"
	Malformed      Outcome = "malformed"       // not built as Oro's tickets, or too long
	Outdated       Outcome = "outdated"        // made too long ago, or before uses of tickets were forgotten
	Early          Outcome = "early"           // made in the future
	Unknown        Outcome = "unknown"         // no such user
	Disabled       Outcome = "disabled"        // a right ticket of a disabled user
	Wrong          Outcome = "wrong"           // of another password, or another secret
	Used           Outcome = "used"            // used before; that of a backend: from another address
	BackendAddress Outcome = "backend_address" // a backend at an address that oro.backends does not list
	Limited        Outcome = "limited"         // too many logins have failed, so this one was not checked
	Busy           Outcome = "busy"            // too many logins wait, or for too long
	Unavailable    Outcome = "unavailable"     // users cannot be found, or uses cannot be stored
	Canceled       Outcome = "canceled"        // the client has gone while it waited
)

var allOutcomes = []Outcome{
	Accepted, Malformed, Outdated, Early, Unknown, Disabled, Wrong, Used, BackendAddress, Limited, Busy, Unavailable, Canceled,
}

// textWrong is the same for users that are unknown or disabled, and for wrong digests.
const textWrong = "the ticket is not right: its user is unknown or disabled, or it was made with another password or secret"

// ticketRefusal says why a ticket is refused.
type ticketRefusal struct {
	outcome Outcome
	message string  // for the client
	cause   error   // for the log
	part    *outage // that is away; nil: none
}

func refuseTicket(outcome Outcome, message string) *ticketRefusal {
	return &ticketRefusal{outcome: outcome, message: message}
}

// isFault reports whether the server is to blame, and not the ticket.
func (r *ticketRefusal) isFault() bool { return r.outcome == Busy || r.outcome == Unavailable }

// failure returns the error for the client. After authentication_denied it needs another ticket. After
// authentication_failed it may try again.
func (r *ticketRefusal) failure() *wamp.Failure {
	uri := wamp.ErrAuthenticationDenied
	switch {
	case r.isFault(), r.outcome == Limited:
		uri = wamp.ErrAuthenticationFailed
	case r.outcome == Canceled:
		uri = wamp.ErrCanceled
	}
	return wamp.Fail(uri, "%s", r.message)
}

// logDetail says what only the log may tell.
func (r *ticketRefusal) logDetail(backend bool) string {
	switch {
	case r.outcome == Unknown:
		return "the application has no user of that name or e-mail address"
	case r.outcome == Disabled:
		return "the user is disabled in the application"
	case r.outcome == Wrong && backend:
		return "it was made with another secret: compare oro.secret with ORO_SECRET of the application"
	case r.outcome == Wrong:
		return "it was made with another password, which the user may just have changed, or with another secret: compare oro.secret with ORO_SECRET of the application"
	}
	return r.message
}

const (
	// refusalAgain is the time after which a refusal of the same user, or of the same address, is logged again.
	refusalAgain = 10 * time.Minute
	// outageAgain is the least time between the lines of two outages.
	outageAgain = time.Minute
)

// outcomes counts tickets, and logs those that are refused. Strangers choose the names in tickets, so the lines are
// bounded. Safe for concurrent use.
type outcomes struct {
	log          *slog.Logger
	counters     map[Outcome]*atomic.Uint64 // read-only, as the next
	lines        map[Outcome]*logonce.Set   // own sets: many of one kind hide no other
	users, guard *outage
}

func newOutcomes(log *slog.Logger) *outcomes {
	o := &outcomes{
		log: log, counters: make(map[Outcome]*atomic.Uint64), lines: make(map[Outcome]*logonce.Set),
		users: newOutage("the search for users"), guard: newOutage("the store of used tickets"),
	}
	for _, outcome := range allOutcomes {
		o.counters[outcome] = new(atomic.Uint64)
		o.lines[outcome] = logonce.New(logonce.Options{Again: refusalAgain})
	}
	return o
}

func (o *outcomes) counts() map[Outcome]uint64 {
	counts := make(map[Outcome]uint64, len(allOutcomes))
	for outcome, n := range o.counters {
		counts[outcome] = n.Load()
	}
	return counts
}

func (o *outcomes) count(outcome Outcome) { o.counters[outcome].Add(1) }

// refused counts a refused ticket, and logs the first of each user or address.
func (o *outcomes) refused(ctx context.Context, l *ticketLogin, r *ticketRefusal) {
	o.count(r.outcome)
	switch {
	case r.outcome == Canceled:
		return
	case r.part != nil:
		r.part.failed(ctx, o.log, r.cause)
		return
	}
	key, user := "", slog.Attr{} // an empty attribute is left out
	backend := l.ticket != nil && l.isBackend()
	switch {
	case l.ticket == nil, r.isFault():
	case backend, r.outcome == Limited: // by address
		key, user = l.from.String(), slog.Bool("backend", backend)
	default:
		key, user = l.username, slog.String("user", text.Clean(l.username))
	}
	turn := o.lines[r.outcome].Next(key)
	if !turn.Write {
		return
	}
	about := []slog.Attr{slog.String("result", string(r.outcome)), slog.String("detail", r.logDetail(backend)), user, slog.String("address", l.from.String())}
	if r.cause != nil {
		about = append(about, slog.Any("error", r.cause))
	}
	if turn.Left > 0 {
		about = append(about, slog.Uint64("more", turn.Left))
	}
	switch {
	case r.isFault():
		o.log.LogAttrs(ctx, slog.LevelWarn, "a ticket of Oro could not be checked", about...)
	case turn.Full:
		o.log.LogAttrs(ctx, slog.LevelInfo, "tickets of Oro were refused, of more users or addresses than the log lists", about...)
	default:
		o.log.LogAttrs(ctx, slog.LevelInfo, "a ticket of Oro was refused", about...)
	}
}

// outage logs that a part is away, once, and that it is back. Safe for concurrent use.
type outage struct {
	what   string // in the plural
	lines  *logonce.Set
	logged atomic.Bool // the outage that goes on
}

func newOutage(what string) *outage {
	return &outage{what: what, lines: logonce.New(logonce.Options{Again: outageAgain})}
}

// failed logs the cause, unless this outage was logged, or the part has logged the cause by itself.
func (o *outage) failed(ctx context.Context, log *slog.Logger, cause error) {
	var known interface{ Reported() bool }
	if errors.As(cause, &known) && known.Reported() || o.logged.Load() || !o.lines.Next("").Write {
		return
	}
	o.logged.Store(true)
	log.ErrorContext(ctx, "tickets of Oro cannot be checked: new connections are refused, and those that are open stay", "failed", o.what, "error", cause)
}

// worked ends an outage.
func (o *outage) worked(ctx context.Context, log *slog.Logger) {
	if o.logged.Load() && o.logged.CompareAndSwap(true, false) {
		log.InfoContext(ctx, "tickets of Oro can be checked again", "works", o.what)
	}
}
