package auth_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func hello(details wamp.Dict) peer.AuthRequest {
	return peer.AuthRequest{Realm: "app", Details: details}
}

func methods(names ...any) wamp.Dict { return wamp.Dict{"authmethods": names} }

func everything(t *testing.T) (*auth.Chain, *auth.Tickets) {
	t.Helper()
	tickets := newTickets(t, auth.TicketOptions{})
	return auth.NewChain(auth.ChainOptions{
		Tickets:   tickets,
		Keys:      newKeys(t, auth.KeyOptions{Name: "erp", Key: "a key of many characters"}),
		Anonymous: auth.NewAnonymous("visitor"),
	}), tickets
}

// answer logs in by the method "ticket".
func answer(t *testing.T, chain *auth.Chain, details wamp.Dict, secret string) (*peer.Identity, error) {
	t.Helper()
	outcome, err := chain.Authenticate(t.Context(), hello(details))
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Identity != nil || outcome.Challenge == nil || outcome.Challenge.Method != "ticket" {
		t.Fatalf("it did not ask for the ticket: %+v", outcome)
	}
	outcome, err = outcome.Next(t.Context(), &wamp.Authenticate{Signature: secret})
	if outcome.Challenge != nil || outcome.Next != nil {
		t.Fatalf("it goes on: %+v", outcome)
	}
	return outcome.Identity, err
}

func TestTheMethodTicketAcceptsATicket(t *testing.T) {
	chain, tickets := everything(t)
	for _, details := range []wamp.Dict{methods("ticket"), {"authmethods": []any{"ticket"}, "authid": "42"}} {
		ticket := issue(t, tickets)
		identity, err := answer(t, chain, details, ticket)
		if err != nil || identity.ID != "42" || identity.Backend {
			t.Errorf("%v: got %+v, %v", details, identity, err)
		}
	}
}

func TestTheMethodTicketAcceptsAnAPIKey(t *testing.T) {
	chain, _ := everything(t)
	want := &peer.Identity{
		ID: "erp", Name: "erp", Roles: []string{"backend"}, Method: "ticket", Provider: "api_key", Backend: true, Key: "erp",
	}
	for _, details := range []wamp.Dict{methods("ticket"), {"authmethods": []any{"ticket"}, "authid": "erp"}} {
		identity, err := answer(t, chain, details, "a key of many characters")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, identity); diff != "" {
			t.Error(diff)
		}
	}
	if n := counted(chain.Stats(), auth.MethodKey, auth.Accepted); n != 2 {
		t.Errorf("counted %d times", n)
	}
}

func TestATicketOfAnotherUserIsRefusedAndStaysUnused(t *testing.T) {
	chain, tickets := everything(t)
	ticket := issue(t, tickets)
	_, err := answer(t, chain, wamp.Dict{"authmethods": []any{"ticket"}, "authid": "1"}, ticket)
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
	_, err = answer(t, chain, wamp.Dict{"authmethods": []any{"ticket"}, "authid": "1"}, "a key of many characters")
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
	if _, err := answer(t, chain, methods("ticket"), ticket); err != nil {
		t.Errorf("the ticket was spent by the mistake: %v", err)
	}
}

func TestAFailedTicketIsNotContinuedAsAnonymous(t *testing.T) {
	chain, _ := everything(t)
	identity, err := answer(t, chain, methods("ticket", "anonymous"), "wrong")
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
	if identity != nil {
		t.Errorf("it became %+v", identity)
	}
}

func TestTheFirstOfferedMethodOfTheClientsListDecides(t *testing.T) {
	chain, _ := everything(t)
	for _, details := range []wamp.Dict{methods("anonymous", "ticket"), methods("wampcra", "anonymous"), {}, methods()} {
		outcome, err := chain.Authenticate(t.Context(), hello(details))
		if err != nil || outcome.Identity == nil {
			t.Errorf("%v: got %+v, %v", details, outcome, err)
			continue
		}
		if i := outcome.Identity; i.Role() != "visitor" || i.Method != "anonymous" || i.Backend {
			t.Errorf("%v: it is %+v", details, i)
		}
	}
}

func TestEachAnonymousSessionHasItsOwnIdentity(t *testing.T) {
	chain, _ := everything(t)
	seen := make(map[string]bool)
	for range 10 {
		outcome, err := chain.Authenticate(t.Context(), hello(wamp.Dict{"authmethods": []any{"anonymous"}, "authid": "42"}))
		if err != nil {
			t.Fatal(err)
		}
		id := outcome.Identity.ID
		if seen[id] || !strings.HasPrefix(id, "anonymous-") {
			t.Errorf("%q", id)
		}
		seen[id] = true
	}
}

func TestARefusalWithoutAMatchingMethodNamesTheOfferedMethods(t *testing.T) {
	all, _ := everything(t)
	onlyTickets := auth.NewChain(auth.ChainOptions{Tickets: newTickets(t, auth.TicketOptions{})})
	for name, c := range map[string]struct {
		chain   *auth.Chain
		details wamp.Dict
		says    string
	}{
		"unknown method":               {all, methods("wampcra"), "ticket, anonymous"},
		"anonymous where it is not":    {onlyTickets, methods("anonymous"), "ticket"},
		"nothing where it is not":      {onlyTickets, wamp.Dict{}, "methods ticket; name it in authmethods; a page of the browser SDK passes the option ticket to connect"},
		"a user without a method":      {all, wamp.Dict{"authid": "42"}, "ticket, anonymous"},
		"a server that lets nobody in": {auth.NewChain(auth.ChainOptions{}), methods("ticket", "anonymous"), "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.chain.Authenticate(t.Context(), hello(c.details))
			failure := refusedAs(t, err, wamp.ErrNoMatchingAuthMethod)
			if !strings.Contains(failure.Message, c.says) {
				t.Errorf("it says %q", failure.Message)
			}
		})
	}
	if n := counted(all.Stats(), auth.MethodNone, auth.Unknown); n == 0 {
		t.Error("not counted")
	}
}

func TestAnIdentityFromTheHandshakeTakesPrecedence(t *testing.T) {
	chain, _ := everything(t)
	known := &peer.Identity{ID: "42"}
	for _, details := range []wamp.Dict{{}, methods("anonymous"), methods("ticket"), {"authid": "42"}} {
		h := hello(details)
		h.Peer.Identity = known
		if outcome, err := chain.Authenticate(t.Context(), h); err != nil || outcome.Identity != known {
			t.Errorf("%v: got %+v, %v", details, outcome, err)
		}
	}
	h := hello(wamp.Dict{"authid": "1"})
	h.Peer.Identity = known
	_, err := chain.Authenticate(t.Context(), h)
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
}

func TestAServerThatAcceptsOnlyKeysReportsAnUnknownKey(t *testing.T) {
	chain := auth.NewChain(auth.ChainOptions{Keys: newKeys(t, auth.KeyOptions{Name: "erp", Key: auth.NewKey()})})
	_, err := answer(t, chain, methods("ticket"), "tdk_wrong")
	failure := refusedAs(t, err, wamp.ErrAuthenticationDenied)
	if strings.Contains(failure.Message, "tdk_wrong") {
		t.Errorf("it says %q", failure.Message)
	}
	if n := counted(chain.Stats(), auth.MethodKey, auth.Unknown); n != 1 {
		t.Errorf("counted %d times", n)
	}
}
