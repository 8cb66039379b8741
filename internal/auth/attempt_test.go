package auth_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// guarded returns a chain of all methods with a limit of 5 failed logins for each address.
func guarded(t *testing.T, o auth.ChainOptions) (*auth.Chain, *auth.Tickets) {
	t.Helper()
	o.Attempts = attempts.New(attempts.Options{PerAddress: 5, PerAccount: 50})
	o.Hashing = auth.HashOptions{AtOnce: 1, Queue: 1000}
	tickets := newTickets(t, auth.TicketOptions{Attempts: o.Attempts})
	o.Tickets, o.Keys = tickets, newKeys(t, auth.KeyOptions{Name: "erp", Key: "a key of many characters"})
	if o.Dynamic == nil {
		o.Users = auth.NewUsers()
		if err := o.Users.Add(ann(t)); err != nil {
			t.Fatal(err)
		}
	}
	return auth.NewChain(o), tickets
}

// attempt logs in from an address by a method. The method "password" sends a password by the method ticket.
func (p player) attempt(t *testing.T, chain *auth.Chain, from, method string) error {
	t.Helper()
	h := p.hello(method)
	if method == "password" {
		h.Details["authmethods"] = []any{"ticket"}
	}
	h.Peer = peer.Peer{RemoteAddr: from}
	outcome, err := chain.Authenticate(t.Context(), h)
	if err != nil {
		return err
	}
	response := &wamp.Authenticate{Signature: p.password}
	if method != "password" {
		response = p.answer(t, outcome.Challenge)
	}
	_, err = outcome.Next(t.Context(), response)
	return err
}

// results sums the counters of a chain.
func results(chain *auth.Chain, of ...auth.Result) (n uint64) {
	for _, count := range chain.Stats() {
		for _, result := range of {
			if count.Result == result {
				n += count.N
			}
		}
	}
	return n
}

var provingMethods = []string{"password", "wampcra", "wamp-scram", "cryptosign"}

func TestAllWaysInShareTheFailedLoginsOfAnAddress(t *testing.T) {
	ann(t) // hashed once, outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		chain, tickets := guarded(t, auth.ChainOptions{Cookies: auth.NewCookies(1, 1)})
		wrong := player{authid: "ann", password: "wrong", key: annsKey}
		unknown := player{authid: "nobody", password: "wrong", key: annsKey}
		for i := range 40 {
			who := wrong
			if i%2 == 0 {
				who = unknown
			}
			method := provingMethods[i/2%3] // the key of cryptosign is right
			if err := who.attempt(t, chain, "192.0.2.1", method); err == nil {
				t.Fatalf("%s let it in", method)
			}
		}
		checked, limited := results(chain, auth.Unknown, auth.WrongProof), results(chain, auth.Limited)
		if checked != 5 || limited != 35 {
			t.Errorf("%d logins were checked, %d were not", checked, limited)
		}
		for _, method := range provingMethods {
			refusedAs(t, honest.attempt(t, chain, "192.0.2.1", method), wamp.ErrAuthenticationFailed)
			if err := honest.attempt(t, chain, "192.0.2.2", method); err != nil {
				t.Errorf("%s from another address: %v", method, err)
			}
		}
		// What nobody can guess is checked first, and refused or accepted as it is.
		secret := func(secret string) error {
			return player{password: secret}.attempt(t, chain, "192.0.2.1", "password")
		}
		refusedAs(t, secret("no such API key of this server"), wamp.ErrAuthenticationDenied)
		refusedAs(t, secret("a key of many characters"), wamp.ErrAuthenticationFailed) // a new address of this key
		if err := secret(issue(t, tickets)); err != nil {
			t.Errorf("a ticket of the application: %v", err)
		}
	})
}

func TestForgedTicketsAndUnknownCookiesAreFailedLogins(t *testing.T) {
	ann(t) // hashed once, outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		chain, tickets := guarded(t, auth.ChainOptions{Cookies: auth.NewCookies(1, 1)})
		for range 3 {
			err := player{password: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"}.attempt(t, chain, "192.0.2.1", "password")
			refusedAs(t, err, wamp.ErrAuthenticationDenied)
		}
		for range 2 {
			h := hello(methods("cookie"))
			h.Peer = peer.Peer{RemoteAddr: "192.0.2.1", Cookie: "unknown"}
			_, err := chain.Authenticate(t.Context(), h)
			refusedAs(t, err, wamp.ErrAuthenticationDenied)
		}
		refusedAs(t, honest.attempt(t, chain, "192.0.2.1", "wampcra"), wamp.ErrAuthenticationFailed)
		used := issue(t, tickets)
		for range 20 { // pages that come back with a ticket that was used guess nothing
			player{password: used}.attempt(t, chain, "192.0.2.9", "password")
		}
		if err := honest.attempt(t, chain, "192.0.2.9", "wampcra"); err != nil {
			t.Errorf("after used tickets: %v", err)
		}
	})
}

// Each of 60 clients has its password checked only while the address has failures left, although all came in time.
func TestPasswordsThatWaitAreNotHashedOnceTheLimitIsReached(t *testing.T) {
	ann(t) // hashed once, outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		chain, _ := guarded(t, auth.ChainOptions{})
		var all sync.WaitGroup
		for range 60 {
			all.Go(func() {
				if err := (player{authid: "ann", password: "wrong"}).attempt(t, chain, "192.0.2.1", "password"); err == nil {
					t.Error("a wrong password let it in")
				}
			})
		}
		all.Wait()
		if hashed := results(chain, auth.WrongProof, auth.Unknown); hashed != 5 {
			t.Errorf("%d passwords were hashed", hashed)
		}
	})
}

func TestCorrectLoginsFromOneAddressAreNotLimited(t *testing.T) {
	ann(t) // hashed once, outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		chain, _ := guarded(t, auth.ChainOptions{})
		for i := range 300 {
			method := "cryptosign" // the others are slow for the client
			if i%50 == 0 {
				method = provingMethods[i/50%4]
			}
			if err := honest.attempt(t, chain, "192.0.2.1", method); err != nil {
				t.Fatalf("login %d: %v", i, err)
			}
		}
	})
}

func TestManyAddressesShareTheFailedLoginsOfAUserAndDoNotLockTheUserOut(t *testing.T) {
	ann(t) // hashed once, outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		chain, _ := guarded(t, auth.ChainOptions{})
		if err := honest.attempt(t, chain, "198.51.100.1", "wampcra"); err != nil {
			t.Fatal(err)
		}
		wrong := player{authid: "ann", password: "wrong"}
		for i := range 200 {
			if wrong.attempt(t, chain, fmt.Sprintf("192.0.2.%d", i), "wampcra") == nil {
				t.Fatal("it let in")
			}
		}
		if checked := results(chain, auth.WrongProof); checked != 50 {
			t.Errorf("%d of 200 guesses were checked", checked)
		}
		if err := honest.attempt(t, chain, "198.51.100.1", "wampcra"); err != nil {
			t.Errorf("the user at a known address: %v", err)
		}
		refusedAs(t, honest.attempt(t, chain, "198.51.100.2", "wampcra"), wamp.ErrAuthenticationFailed)
	})
}

func TestTheApplicationIsNotAskedAboutLoginsThatHaveToWait(t *testing.T) {
	ann(t) // hashed once, outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		for _, method := range append([]string{"abandoned"}, provingMethods...) {
			o := says(`{"allow": false}`)
			chain, _ := guarded(t, auth.ChainOptions{Dynamic: auth.NewDynamic(auth.DynamicOptions{Source: o})})
			for range 40 {
				if method != "abandoned" {
					if honest.attempt(t, chain, "192.0.2.1", method) == nil {
						t.Fatalf("%s let it in", method)
					}
					continue
				}
				ctx, leave := context.WithCancel(t.Context())
				h := honest.hello("wampcra")
				h.Peer = peer.Peer{RemoteAddr: "192.0.2.1"}
				_, err := chain.Authenticate(ctx, h)
				leave()
				synctest.Wait()
				if err != nil {
					refusedAs(t, err, wamp.ErrAuthenticationFailed)
				}
			}
			if o.times != 5 {
				t.Errorf("%s: the application was asked %d times", method, o.times)
			}
		}
	})
}

func TestStrangersDoNotTakeAllQueriesOfTheUserSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		o := &source{answer: func(context.Context) (string, error) { <-release; return `{"allow": false}`, nil }}
		limit := attempts.New(attempts.Options{})
		limit.Succeeded(attempts.Attempt{From: netip.MustParseAddr("198.51.100.1"), Account: attempts.User("ann")})
		chain := auth.NewChain(auth.ChainOptions{
			Attempts: limit, Dynamic: auth.NewDynamic(auth.DynamicOptions{Source: o, MaxInFlight: 4}),
		})
		var pending sync.WaitGroup
		ask := func(from string) {
			pending.Go(func() { player{authid: "ann", password: "x"}.attempt(t, chain, from, "password") })
			synctest.Wait()
		}
		for range 10 {
			ask("192.0.2.1")
		}
		if o.times != 3 {
			t.Errorf("%d queries of strangers are pending", o.times)
		}
		ask("198.51.100.1")
		if o.times != 4 {
			t.Errorf("with a known address %d queries are pending", o.times)
		}
		close(release)
		pending.Wait()
	})
}
