package oro_test

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/oro"
)

func TestFailedLoginsCountAgainstTheAddress(t *testing.T) {
	users := &asked{directory: directory{"anna": anna()}}
	limit := attempts.New(attempts.Options{PerAddress: 6})
	bubble(t, oro.TicketOptions{Users: users, Attempts: limit}, func(t *testing.T, tickets *oro.Tickets) {
		var digests int
		tickets.ReplaceDigests(func(_, _ string) { digests++ }, func(name string) bool { return name == "anna" })
		redeemFrom(t, tickets, elsewhere, made("anna", "before"), "")
		digests, users.names = 0, nil
		redeem(t, tickets, compose("x", "y", "z", "now"), "authentication_denied: this is no ticket")
		for range 5 {
			redeem(t, tickets, made("nemo", "n"), wrong)
		}
		redeem(t, tickets, made("nemo", "n"), waits+"10 s")
		redeem(t, tickets, made("", "n"), waits+"10 s")
		redeem(t, tickets, made("anna", "n"), waits+"10 s")
		if digests != 5 || len(users.names) != 5 {
			t.Errorf("%d digests, asked for %q", digests, users.names)
		}
		redeemFrom(t, tickets, elsewhere, made("anna", "there"), "") // another address
		counted(t, tickets, map[oro.Outcome]uint64{oro.Malformed: 1, oro.Unknown: 5, oro.Limited: 3, oro.Accepted: 2})
		time.Sleep(10 * time.Second)
		redeem(t, tickets, made("anna", "n"), "")
	})
}

func TestOutdatedAndUsedTicketsAreNoGuesses(t *testing.T) {
	bubble(t, oro.TicketOptions{Attempts: attempts.New(attempts.Options{PerAddress: 2})}, func(t *testing.T, tickets *oro.Tickets) {
		tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return true })
		redeem(t, tickets, made("anna", "n"), "")
		for range 10 {
			redeem(t, tickets, made("anna", "n"), usedUp)
			redeem(t, tickets, compose(vectors["anna"].digest, "anna", "n", "2026-11-28T00:00:00+00:00"), "authentication_denied: the ticket is outdated")
		}
		redeem(t, tickets, made("anna", "m"), "")
	})
}

func TestUsersOfOneProxyDoNotLockEachOtherOut(t *testing.T) {
	users := directory{"anna": anna(), "otto": {ID: 8, Username: "otto", Enabled: true}}
	bubble(t, oro.TicketOptions{Users: users, Attempts: attempts.New(attempts.Options{})}, func(t *testing.T, tickets *oro.Tickets) {
		tickets.ReplaceDigests(func(_, _ string) {}, func(name string) bool { return name != "otto" })
		redeem(t, tickets, made("anna", "before"), "")
		redeem(t, tickets, made("", "before"), "")
		for range attempts.DefaultPerAddress {
			redeem(t, tickets, made("otto", "n"), wrong)
		}
		redeem(t, tickets, made("otto", "n"), waits)
		redeem(t, tickets, made("anna", "after"), "")
		redeem(t, tickets, made("", "after"), "")
	})
}

func TestAPageAtTheAddressOfABackendDoesNotLockItOut(t *testing.T) {
	bubble(t, oro.TicketOptions{Attempts: attempts.New(attempts.Options{})}, func(t *testing.T, tickets *oro.Tickets) {
		redeem(t, tickets, vectors["backend"].ticket, "")
		for range 3 * attempts.DefaultPerAddress {
			redeem(t, tickets, made("", "n"), wrong)
		}
		redeem(t, tickets, sign("", secret, time.Now()), "")
	})
	o := oro.TicketOptions{Attempts: attempts.New(attempts.Options{}), Backends: []netip.Prefix{netip.PrefixFrom(stranger, 32)}}
	bubble(t, o, func(t *testing.T, tickets *oro.Tickets) { // also before it has logged in, if the configuration names its address
		for range 3 * attempts.DefaultPerAddress {
			redeem(t, tickets, made("", "n"), wrong)
		}
		redeem(t, tickets, vectors["backend"].ticket, "")
	})
}

func TestOfManyGuessesThatWaitOnlyTheLimitIsComputed(t *testing.T) {
	var log bytes.Buffer
	o := oro.TicketOptions{Attempts: attempts.New(attempts.Options{PerAddress: 6}), Logins: oro.LoginOptions{AtOnce: 1}}
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	bubble(t, o, func(t *testing.T, tickets *oro.Tickets) {
		begun := storm{release: make(chan struct{})}
		tickets.ReplaceDigests(begun.compute, func(string) bool { return false })
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { redeem(t, tickets, made("anna", "n"), "authentication_") })
		}
		synctest.Wait()
		close(begun.release)
		all.Wait()
		counted(t, tickets, map[oro.Outcome]uint64{oro.Wrong: 6, oro.Limited: 94})
		if n := strings.Count(log.String(), "limits.login_failures"); n != 1 {
			t.Errorf("%d lines say that the address has failed too often:\n%s", n, log.String())
		}
	})
}

func TestStrangersDoNotKeepAUserFromANewPlace(t *testing.T) {
	bubble(t, oro.TicketOptions{Attempts: attempts.New(attempts.Options{})}, func(t *testing.T, tickets *oro.Tickets) {
		tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return false })
		for i := range 20 * attempts.DefaultPerAccount {
			redeemFrom(t, tickets, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), made("anna", "n"), wrong)
		}
		tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return true })
		redeem(t, tickets, made("anna", "n"), "")
	})
}
