package oro_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/oro"
	"github.com/tidings-io/tidings/internal/router/peer"
)

func TestABackendComesAgainFromItsAddressOnly(t *testing.T) {
	bubble(t, oro.TicketOptions{}, func(t *testing.T, tickets *oro.Tickets) {
		ticket := vectors["backend"].ticket
		want := &peer.Identity{ID: "oro-backend", Name: "Oro backend", Roles: []string{"backend"}, Backend: true, Method: "oro-ticket", Provider: "oro"}
		if got := redeem(t, tickets, ticket, ""); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		var digests int
		tickets.ReplaceDigests(func(_, _ string) { digests++ }, func(string) bool { return false })
		time.Sleep(299 * time.Second)
		redeem(t, tickets, ticket, "")
		redeem(t, tickets, strings.TrimRight(ticket, "="), "")
		redeemFrom(t, tickets, netip.MustParseAddr("::ffff:192.0.2.7"), ticket, "") // the same
		redeemFrom(t, tickets, elsewhere, ticket, usedThere)
		redeemFrom(t, tickets, netip.Addr{}, ticket, usedThere)
		if digests != 0 {
			t.Errorf("%d digests of a ticket that is known", digests)
		}
		// What is known is the whole ticket: its digest with another date is another ticket.
		redeem(t, tickets, compose(vectors["backend"].digest, "", vectors["backend"].nonce, "2026-11-28T06:25:00+00:00"), wrong)
		time.Sleep(2 * time.Second)
		redeem(t, tickets, ticket, outdated)
		counted(t, tickets, map[oro.Outcome]uint64{oro.Accepted: 4, oro.Used: 2, oro.Wrong: 1, oro.Outdated: 1})
	})
}

func TestOfTwoAddressesAtOnceOneIsTheFirst(t *testing.T) {
	bubble(t, oro.TicketOptions{Logins: oro.LoginOptions{AtOnce: 2}}, func(t *testing.T, tickets *oro.Tickets) {
		begun := storm{release: make(chan struct{})}
		tickets.ReplaceDigests(begun.compute, func(string) bool { return true })
		var all sync.WaitGroup
		for _, from := range []netip.Addr{stranger, elsewhere} {
			all.Go(func() { _, _ = tickets.Redeem(t.Context(), vectors["backend"].ticket, from) })
		}
		synctest.Wait()
		close(begun.release)
		all.Wait()
		counted(t, tickets, map[oro.Outcome]uint64{oro.Accepted: 1, oro.Used: 1})
	})
}

func TestBackendsComeFromTheAddressesOfTheConfiguration(t *testing.T) {
	backends := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("fe80::/10")}
	bubble(t, oro.TicketOptions{Backends: backends}, func(t *testing.T, tickets *oro.Tickets) {
		for from, allowed := range map[string]bool{
			"192.0.2.7": true, "::ffff:192.0.2.9": true, "fe80::1%eth0": true, "198.51.100.9": false, "2001:db8::1": false,
		} {
			problem := ""
			if !allowed {
				problem = "authentication_denied: backends may not connect from this address (oro.backends)"
			}
			tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return true })
			redeemFrom(t, tickets, netip.MustParseAddr(from), made("", from), problem)
			redeemFrom(t, tickets, netip.MustParseAddr(from), made("anna", from), "") // pages are free
		}
	})
}

func TestTicketsOfBackendsAreRememberedWithinABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tickets := oro.NewBackendTickets(100)
		until := time.Now().Add(oro.TicketLife)
		for i := range 1000 {
			tickets.Add(fmt.Sprint(i), stranger, until)
		}
		if tickets.Len() != 100 {
			t.Errorf("%d are remembered", tickets.Len())
		}
		if first := tickets.Add("999", elsewhere, until); first != stranger {
			t.Error("the latest was forgotten")
		}
		if first := tickets.Add("899", elsewhere, until); first != elsewhere {
			t.Error("the oldest stayed")
		}
		time.Sleep(oro.TicketLife)
		if tickets.Add("new", stranger, time.Now().Add(oro.TicketLife)); tickets.Len() != 1 {
			t.Errorf("%d are remembered, which are outdated", tickets.Len()-1)
		}
	})
}

// outages fail while err is there.
type outages struct {
	directory
	err error
}

func (o *outages) Find(ctx context.Context, name string) (*oro.User, error) {
	if o.err != nil {
		return nil, o.err
	}
	return o.directory.Find(ctx, name)
}

// reported is an error whose cause is in the log.
type reported struct{ error }

func (reported) Reported() bool { return true }

func TestADatabaseThatIsAwayIsLoggedOnce(t *testing.T) {
	const away = "authentication_failed: users cannot be found at the moment, because the application does not answer: try again"
	users := &outages{directory: directory{"anna": anna()}}
	var log bytes.Buffer
	bubble(t, oro.TicketOptions{Users: users, Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, tickets *oro.Tickets) {
		tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return true })
		lines := func(want int) {
			t.Helper()
			if got := strings.Count(log.String(), "\n"); got != want {
				t.Errorf("%d lines, want %d:\n%s", got, want, log.String())
			}
		}
		users.err = errors.New("dial tcp 10.0.0.5:5432: connection refused")
		for range 500 {
			redeem(t, tickets, made("anna", "n"), away)
			time.Sleep(time.Second)
		}
		lines(1)
		if !strings.Contains(log.String(), `level=ERROR msg="tickets of Oro cannot be checked: new connections are refused, and those that are open stay" failed="the search for users" error="dial tcp 10.0.0.5:5432: connection refused"`) {
			t.Error(log.String())
		}
		redeem(t, tickets, made("", "n"), "") // a backend needs no user
		users.err = nil
		redeem(t, tickets, made("anna", "n"), "")
		redeem(t, tickets, made("anna", "m"), "")
		lines(2)
		for range 30 { // it comes and goes, as users do that are known still
			users.err = errors.New("gone")
			redeem(t, tickets, made("anna", "n"), away)
			users.err = nil
			redeem(t, tickets, made("anna", rest()), "")
		}
		lines(4)
		time.Sleep(time.Minute)
		users.err = reported{errors.New("logged by itself")}
		redeem(t, tickets, made("anna", "n"), away)
		lines(4)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		users.err = ctx.Err()
		if _, err := tickets.Redeem(ctx, made("anna", "n"), stranger); err == nil || err.Error() != "wamp.error.canceled: the client has gone" {
			t.Error(err)
		}
		lines(4)
	})
}

var nonces int

// rest returns a nonce that was not used.
func rest() string {
	nonces++
	return fmt.Sprint(nonces)
}

func TestAGuardThatIsAwayAcceptsNothing(t *testing.T) {
	uses := new(guard)
	var log bytes.Buffer
	bubble(t, oro.TicketOptions{Guard: uses, Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, tickets *oro.Tickets) {
		tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return true })
		uses.err = errors.New("the disk is full")
		for range 50 {
			redeem(t, tickets, made("anna", "n"), "authentication_failed: tickets cannot be checked at the moment, because the server cannot store which were used")
		}
		if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), `failed="the store of used tickets" error="the disk is full"`) {
			t.Error(log.String())
		}
		uses.err = fmt.Errorf("use an id: %w", &cluster.ForgottenError{Before: at})
		redeem(t, tickets, made("anna", "n"), "authentication_denied: the ticket was made before the server started, and may have been used before: ask the application for a new one")
		uses.err = nil
		redeem(t, tickets, made("anna", "n"), "")
		counted(t, tickets, map[oro.Outcome]uint64{oro.Unavailable: 50, oro.Outdated: 1, oro.Accepted: 1})
	})
}

func TestWithoutASecretNothingIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tickets := oro.NewTickets(oro.TicketOptions{Users: directory{"anna": anna()}, Guard: new(guard)})
		tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return true })
		for _, name := range []string{"anna", ""} {
			redeem(t, tickets, made(name, "n"), "authentication_failed: tickets cannot be checked, because Oro's secret (oro.secret) is missing")
		}
	})
}
