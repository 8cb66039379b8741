package oro

import (
	"context"
	"crypto/subtle"
	"fmt"
	"math"
	"net/netip"
	"strings"

	"github.com/tidings-io/tidings/internal/attempts"
)

// ticketLogin is the login by a ticket.
type ticketLogin struct {
	*ticket            // nil until it is parsed
	from    netip.Addr // invalid addresses, such as those of Unix sockets, count as one
	account attempts.Attempt
	limited attempts.Attempt // account as failures count
	trusted bool             // a backend that is never kept waiting by failures of others at its address
	lane    lane
}

// classify sets how failures of the login count, and its place among those that wait.
func (t *Tickets) classify(l *ticketLogin, account string) {
	l.account = attempts.Attempt{From: l.from, Account: account}
	l.limited = l.account
	known := t.options.Attempts.Knows(l.account)
	if !known { // no account can be guessed, so strangers keep no user from a new place
		l.limited.Account = ""
	}
	l.trusted = l.isBackend() && (known || len(t.options.Backends) > 0)
	switch {
	case l.trusted:
		l.lane = laneBackends
	case l.isBackend():
		l.lane = laneOtherBackends
	case known:
		l.lane = laneKnownPages
	default:
		l.lane = lanePages
	}
}

// mayTry returns a refusal if too many logins from the address have failed. A backend that is trusted goes on without
// its precedence: a page at its address, which may be that of a proxy, could stop all publications otherwise.
func (t *Tickets) mayTry(l *ticketLogin) *ticketRefusal {
	wait := t.options.Attempts.Wait(l.limited)
	switch {
	case wait == 0:
		return nil
	case l.trusted:
		l.lane = lanePages
		return nil
	}
	return refuseTicket(Limited, fmt.Sprintf("too many logins from this address have failed (limits.login_failures): try again in %d s", int(math.Ceil(wait.Seconds()))))
}

// checkUser compares the digest with that of the user, which is nil if there is none. All its refusals tell the client
// the same, after the same work.
func (t *Tickets) checkUser(ctx context.Context, l *ticketLogin, user *User) *ticketRefusal {
	var password string
	if user == nil {
		password = strings.Repeat("x", int(t.hashBytes.Load()))
	} else {
		password = user.Password
		t.hashBytes.Store(int64(len(password)))
	}
	right, refused := t.compare(ctx, l, password)
	switch {
	case refused != nil:
		return refused
	case user == nil: // whatever the digest is
		return refuseTicket(Unknown, textWrong)
	case !right:
		return refuseTicket(Wrong, textWrong)
	case !user.Enabled: // its ticket is right, so it does not count as failed
		return refuseTicket(Disabled, textWrong)
	}
	return nil
}

// checkBackend compares the digest with that of the secret.
func (t *Tickets) checkBackend(ctx context.Context, l *ticketLogin) *ticketRefusal {
	right, refused := t.compare(ctx, l, t.options.Secret)
	if refused == nil && !right {
		return refuseTicket(Wrong, textWrong)
	}
	return refused
}

// compare reports whether the digest is right, when it is the login's turn. It counts a wrong one before the next turn.
func (t *Tickets) compare(ctx context.Context, l *ticketLogin, password string) (right bool, refused *ticketRefusal) {
	err := t.queue.do(ctx, l.lane, t.queue.wait(l.isBackend()), func() {
		if refused = t.mayTry(l); refused != nil { // others have failed meanwhile
			return
		}
		expected := t.digest(l.ticket, password, t.options.Secret)
		right = subtle.ConstantTimeCompare(expected[:], l.digest[:]) == 1
		if !right {
			t.options.Attempts.Failed(l.limited)
		}
	})
	if err != nil {
		return false, &ticketRefusal{Busy, "the server is busy with other logins (oro.logins): try again", err, nil}
	}
	return right, refused
}
