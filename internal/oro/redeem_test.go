package oro_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
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

	"github.com/tidings-io/tidings/internal/oro"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

var (
	stranger  = netip.MustParseAddr("192.0.2.7")
	elsewhere = netip.MustParseAddr("198.51.100.9")
)

// directory finds users by name or e-mail address.
type directory map[string]*oro.User

func (d directory) Find(_ context.Context, name string) (*oro.User, error) { return d[name], nil }

// guard remembers the ids that were used.
type guard struct {
	mu   sync.Mutex
	used map[string]bool
	last use
	err  error
}

type use struct {
	id            string
	issued, until time.Time
}

func (g *guard) Use(_ context.Context, id string, issued, until time.Time) (fresh bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return false, g.err
	}
	if g.used == nil {
		g.used = make(map[string]bool)
	}
	fresh = !g.used[id]
	g.used[id], g.last = true, use{id, issued, until}
	return fresh, nil
}

func anna() *oro.User {
	return &oro.User{
		ID: 7, Username: "anna", Password: vectors["anna"].password, Enabled: true,
		Organizations: []int64{1, 9007199254740993}, Roles: []string{"ROLE_USER", "ROLE_ADMINISTRATOR"},
	}
}

// made returns a ticket of now, whose digest is right where digests are replaced.
func made(name, nonce string) string {
	return compose(vectors["anna"].digest, name, nonce, time.Now().Format(time.RFC3339))
}

// sign makes a ticket as Oro describes it.
func sign(username, password string, created time.Time) string {
	nonce, date := "0123456789abcdef", created.Format("2006-01-02T15:04:05-07:00")
	merged := nonce + "|" + date + "|" + password + "{" + secret + "}"
	sum := sha512.Sum512([]byte(merged))
	for range 4999 {
		sum = sha512.Sum512(append(sum[:], merged...))
	}
	return compose(base64.StdEncoding.EncodeToString(sum[:]), username, nonce, date)
}

// redeem redeems a ticket, and compares the beginning of the error's text with problem; "" wants none.
func redeem(t *testing.T, tickets *oro.Tickets, ticket, problem string) *peer.Identity {
	t.Helper()
	return redeemFrom(t, tickets, stranger, ticket, problem)
}

func redeemFrom(t *testing.T, tickets *oro.Tickets, from netip.Addr, ticket, problem string) *peer.Identity {
	t.Helper()
	identity, err := tickets.Redeem(t.Context(), ticket, from)
	var failure *wamp.Failure
	switch {
	case problem == "" && (err != nil || identity == nil):
		t.Errorf("refused: %v", err)
	case problem != "" && (identity != nil || !errors.As(err, &failure) || !strings.HasPrefix(strings.TrimPrefix(failure.Error(), "wamp.error."), problem)):
		t.Errorf("got %+v, %v; want %s", identity, err, problem)
	}
	return identity
}

// bubble runs a test at the time of the vectors, with anna as the only user.
func bubble(t *testing.T, o oro.TicketOptions, test func(t *testing.T, tickets *oro.Tickets)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(at))
		o.Secret = secret
		if o.Users == nil {
			o.Users = directory{"anna": anna(), "anna@example.com": anna()}
		}
		if o.Guard == nil {
			o.Guard = new(guard)
		}
		test(t, oro.NewTickets(o))
	})
}

// counted compares the counters that are not 0.
func counted(t *testing.T, tickets *oro.Tickets, want map[oro.Outcome]uint64) {
	t.Helper()
	got := tickets.Counts()
	for outcome, n := range got {
		if n != want[outcome] {
			t.Errorf("%d are %s, want %d", n, outcome, want[outcome])
		}
	}
	for outcome := range want {
		if _, counted := got[outcome]; !counted {
			t.Errorf("nothing counts %s", outcome)
		}
	}
}

const (
	wrong      = "authentication_denied: the ticket is not right: its user is unknown or disabled, or it was made with another password or secret"
	usedUp     = "authentication_denied: the ticket was used before; each is good for one connection"
	usedThere  = "authentication_denied: the ticket was used before, from another address"
	outdated   = "authentication_denied: the ticket is outdated: it was made at 2026-11-28T06:20:06Z, and is good for 5m0s"
	early      = "authentication_denied: the ticket is from the future, by 31s; at most 30s are taken"
	unreadable = "authentication_denied: the date of the ticket cannot be read"
	waits      = "authentication_failed: too many logins from this address have failed (limits.login_failures): try again in "
)

func TestAUserLogsInOnceByATicket(t *testing.T) {
	uses := new(guard)
	bubble(t, oro.TicketOptions{Guard: uses}, func(t *testing.T, tickets *oro.Tickets) {
		got := redeem(t, tickets, vectors["anna"].ticket, "")
		want := &peer.Identity{
			ID: "7", Name: "anna", Roles: []string{"ROLE_USER", "ROLE_ADMINISTRATOR"},
			Claims: map[string]any{"organizations": []any{int64(1), int64(9007199254740993)}, "username": "anna"},
			Method: "oro-ticket", Provider: "oro",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if !uses.last.issued.Equal(at) || uses.last.until.Before(at.Add(300*time.Second)) || uses.last.until.After(at.Add(310*time.Second)) {
			t.Errorf("%+v", uses.last)
		}
		if strings.Contains(uses.last.id, "anna") || len(uses.last.id) > 64 {
			t.Errorf("the id is %q", uses.last.id)
		}
		redeem(t, tickets, vectors["anna"].ticket, usedUp)
		redeemFrom(t, tickets, elsewhere, vectors["anna"].ticket, usedUp)
		counted(t, tickets, map[oro.Outcome]uint64{oro.Accepted: 1, oro.Used: 2})
	})
}

func TestAnotherSpellingIsTheSameTicket(t *testing.T) {
	v := vectors["anna"]
	for name, ticket := range map[string]string{
		"without padding":      strings.TrimRight(v.ticket, "="),
		"with spaces":          v.ticket[:20] + " " + v.ticket[20:],
		"with dashes":          "-" + v.ticket,
		"with other last bits": strings.TrimSuffix(v.ticket, "A==") + "D==",
		"with a fifth part":    compose(v.digest, v.username, v.nonce, v.created, "more"),
		"with an empty part":   compose(v.digest, v.username, v.nonce, v.created, ""),
		"by e-mail address":    compose(v.digest, "anna@example.com", v.nonce, v.created),
	} {
		t.Run(name, func(t *testing.T) {
			for _, both := range [][]string{{v.ticket, ticket}, {ticket, v.ticket}} {
				bubble(t, oro.TicketOptions{}, func(t *testing.T, tickets *oro.Tickets) {
					redeem(t, tickets, both[0], "")
					redeem(t, tickets, both[1], usedUp)
				})
			}
		})
	}
	bubble(t, oro.TicketOptions{}, func(t *testing.T, tickets *oro.Tickets) { // with another text that is hashed
		redeem(t, tickets, compose(v.digest, v.username, v.nonce+"|", strings.TrimPrefix(v.created, "2")), unreadable)
		redeem(t, tickets, compose(v.digest, v.username, v.nonce, "2026-11-28T06:20:06Z"), wrong)
	})
}

func TestALoginByEmailAddressHasTheUsersName(t *testing.T) {
	bubble(t, oro.TicketOptions{}, func(t *testing.T, tickets *oro.Tickets) {
		if got := redeem(t, tickets, sign("anna@example.com", anna().Password, time.Now()), ""); got.Name != "anna" || got.Claims["username"] != "anna" {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheLimitsOfTimeAreInclusive(t *testing.T) {
	for _, test := range []struct {
		after   time.Duration
		problem string
	}{
		{-31 * time.Second, early},
		{-30001 * time.Millisecond, early}, // by whole seconds
		{-30 * time.Second, ""},
		{0, ""},
		{300 * time.Second, ""},
		{300999 * time.Millisecond, ""},
		{301 * time.Second, outdated},
		{24 * time.Hour, outdated},
	} {
		for _, name := range []string{"anna", "backend"} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(at.Add(test.after)))
				uses := new(guard)
				tickets := oro.NewTickets(oro.TicketOptions{Secret: secret, Users: directory{"anna": anna()}, Guard: uses})
				redeem(t, tickets, vectors[name].ticket, test.problem)
				if left := time.Until(uses.last.until); left > oro.TicketMemory || test.problem == "" && name == "anna" && left <= 0 {
					t.Errorf("%s after it was made it is remembered for %s", test.after, left)
				}
			})
		}
	}
}

func TestAnyOffsetOfADateIsRead(t *testing.T) {
	bubble(t, oro.TicketOptions{}, func(t *testing.T, tickets *oro.Tickets) {
		for _, hours := range []int{-12, -3, 1, 5, 14} {
			zone := time.FixedZone("", hours*3600+1800)
			redeem(t, tickets, sign("anna", anna().Password, time.Now().In(zone)), "")
		}
	})
}

// asked counts the names that were asked for.
type asked struct {
	directory
	names []string
}

func (a *asked) Find(ctx context.Context, name string) (*oro.User, error) {
	a.names = append(a.names, name)
	return a.directory.Find(ctx, name)
}

func TestTheChecksHaveAnOrder(t *testing.T) {
	users := &asked{directory: directory{}}
	bubble(t, oro.TicketOptions{Users: users, Backends: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, func(t *testing.T, tickets *oro.Tickets) {
		var digests int
		tickets.ReplaceDigests(func(_, _ string) { digests++ }, func(string) bool { return false })
		old := time.Now().Add(-time.Hour).Format(time.RFC3339)
		redeem(t, tickets, compose("short", "nemo", "n", old), "authentication_denied: this is no ticket of Oro: its digest")
		redeem(t, tickets, compose(vectors["anna"].digest, "nemo", "n", old), "authentication_denied: the ticket is outdated")
		redeem(t, tickets, compose(vectors["anna"].digest, "nemo", "n", "now"), unreadable)
		redeem(t, tickets, compose(vectors["anna"].digest, "", "n", old), "authentication_denied: the ticket is outdated")
		redeem(t, tickets, made("", "n"), "authentication_denied: backends may not connect from this address (oro.backends)")
		if len(users.names) > 0 || digests > 0 {
			t.Errorf("asked for %q, and computed %d digests", users.names, digests)
		}
		redeem(t, tickets, made("nemo", "n"), wrong)
		if len(users.names) != 1 || digests != 1 {
			t.Errorf("asked for %q, and computed %d digests", users.names, digests)
		}
		counted(t, tickets, map[oro.Outcome]uint64{oro.Malformed: 1, oro.Outdated: 3, oro.BackendAddress: 1, oro.Unknown: 1})
	})
}

func TestOnlyTheLogTellsUnknownDisabledAndWrongApart(t *testing.T) {
	disabled := anna()
	disabled.Enabled = false
	users := directory{"anna": anna(), "dora": disabled}
	var log bytes.Buffer
	bubble(t, oro.TicketOptions{Users: users, Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, tickets *oro.Tickets) {
		hashed := make(map[string]int) // bytes, by name
		tickets.ReplaceDigests(func(name, password string) { hashed[name] = len(password) }, func(name string) bool { return name == "dora" })
		for _, name := range []string{"anna", "dora", "nemo", ""} {
			redeem(t, tickets, made(name, "n"), wrong)
		}
		if hashed["nemo"] != 60 || hashed["anna"] != 60 || hashed["dora"] != 60 {
			t.Errorf("hashed %v", hashed)
		}
		counted(t, tickets, map[oro.Outcome]uint64{oro.Wrong: 2, oro.Disabled: 1, oro.Unknown: 1})
	})
	for _, line := range []string{
		`result=wrong detail="it was made with another password, which the user may just have changed, or with another secret: compare oro.secret with ORO_SECRET of the application" user=anna address=192.0.2.7`,
		`result=disabled detail="the user is disabled in the application" user=dora address=192.0.2.7`,
		`result=unknown detail="the application has no user of that name or e-mail address" user=nemo address=192.0.2.7`,
		`result=wrong detail="it was made with another secret: compare oro.secret with ORO_SECRET of the application" backend=true address=192.0.2.7`,
	} {
		if !strings.Contains(log.String(), "level=INFO msg=\"a ticket of Oro was refused\" "+line+"\n") {
			t.Errorf("the log lacks %s:\n%s", line, log.String())
		}
	}
}

func TestAnUnknownUserCostsAsMuchAsAKnownOne(t *testing.T) {
	bert := &oro.User{ID: 9, Username: "bert", Password: vectors["bert"].password, Enabled: true}
	bubble(t, oro.TicketOptions{Users: directory{"bert": bert}}, func(t *testing.T, tickets *oro.Tickets) {
		var hashed []int
		tickets.ReplaceDigests(func(_, password string) { hashed = append(hashed, len(password)) }, func(string) bool { return false })
		redeem(t, tickets, made("bert", "n"), wrong)
		redeem(t, tickets, made("nemo", "n"), wrong)
		if len(hashed) != 2 || hashed[0] != hashed[1] {
			t.Errorf("hashed %v bytes", hashed)
		}
	})
}

func TestStrangersDoNotFillTheLog(t *testing.T) {
	var log bytes.Buffer
	bubble(t, oro.TicketOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, tickets *oro.Tickets) {
		tickets.ReplaceDigests(func(_, _ string) {}, func(string) bool { return false })
		for i := range 3000 {
			redeem(t, tickets, made(fmt.Sprintf("stranger%d", i), "n"), wrong)
			redeem(t, tickets, made("anna", "n"), wrong)
			redeem(t, tickets, compose("x", "y", "z", "now"), "authentication_denied: this is no ticket")
			redeemFrom(t, tickets, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), made("", "n"), wrong)
		}
		if lines := strings.Count(log.String(), "\n"); lines != 2*(64+1)+1 || !strings.Contains(log.String(), "user=anna") { // 64 unknown users, 64 wrong tickets, one malformed
			t.Errorf("%d lines", lines)
		}
		log.Reset()
		time.Sleep(10 * time.Minute)
		redeem(t, tickets, made("anna", "n"), wrong)
		if !strings.Contains(log.String(), "more=2999") {
			t.Error(log.String())
		}
	})
}
