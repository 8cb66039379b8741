package auth_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func grant(t *testing.T, tickets *auth.Tickets, g auth.Grant) string {
	t.Helper()
	ticket, _, err := tickets.Issue(g)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func TestATicketRenewsTheSessionOfItsUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tickets := newTickets(t, auth.TicketOptions{})
		chain := auth.NewChain(auth.ChainOptions{Tickets: tickets})
		session := &peer.Identity{ID: "42", Tenant: "acme", Roles: []string{"staff"}, Method: "wampcra"}
		ticket := grant(t, tickets, auth.Grant{User: "42", Tenant: "acme", Roles: []string{"guest"}, Session: time.Hour})
		renewed, err := chain.RenewByTicket(t.Context(), peer.Renewal{Identity: session, Ticket: ticket})
		if err != nil {
			t.Fatal(err)
		}
		if renewed.Role() != "guest" || left(t, renewed) != time.Hour || renewed.Method != "ticket" {
			t.Errorf("it is %+v", renewed)
		}
		_, err = chain.RenewByTicket(t.Context(), peer.Renewal{Identity: session, Ticket: ticket})
		if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.Contains(failure.Message, "used before") {
			t.Errorf("it says %q", failure.Message)
		}
	})
}

func TestATicketOfAnotherUserIsNotUsedUpByARenewal(t *testing.T) {
	for name, session := range map[string]*peer.Identity{
		"another user":         {ID: "ben", Tenant: "acme"},
		"another tenant":       {ID: "ann", Tenant: "globex"},
		"no tenant":            {ID: "ann"},
		"an API key":           {ID: "ann", Tenant: "acme", Backend: true, Key: "ann"},
		"an anonymous session": auth.NewAnonymous("").Identity(),
	} {
		spent := &memory{}
		tickets := newTickets(t, auth.TicketOptions{ReplayGuard: spent})
		chain := auth.NewChain(auth.ChainOptions{Tickets: tickets})
		ticket := grant(t, tickets, auth.Grant{User: "ann", Tenant: "acme"})
		_, err := chain.RenewByTicket(t.Context(), peer.Renewal{Identity: session, Ticket: ticket})
		failure := refusedAs(t, err, wamp.ErrAuthenticationDenied)
		if !strings.Contains(failure.Message, `the ticket is for the user "ann" of the tenant "acme"`) || !strings.Contains(failure.Message, session.ID) {
			t.Errorf("%s: it says %q", name, failure.Message)
		}
		if len(spent.used) != 0 {
			t.Errorf("%s: the ticket is used up", name)
		}
		if n := counted(chain.Stats(), auth.MethodTicket, auth.Mismatch); n != 1 {
			t.Errorf("%s: counted %d times", name, n)
		}
	}
}

func TestTheUserSourceChecksTheTicketOfARenewal(t *testing.T) {
	session := &peer.Identity{ID: "42", Tenant: "acme"}
	renewal := peer.Renewal{Realm: "app", Session: 7, Identity: session, Ticket: "foreign", Peer: peer.Peer{Origin: "https://a.example"}}
	o := says(`{"allow":true,"identity":{"id":"42","tenant":"acme","roles":["new"]},"session":60}`)
	renewed, err := dynamicChain(o, nil).RenewByTicket(t.Context(), renewal)
	if err != nil || renewed.Role() != "new" || renewed.Expires.IsZero() {
		t.Errorf("it is %+v, %v", renewed, err)
	}
	if o.asked["ticket"] != "foreign" || o.asked["authid"] != "42" || o.asked["session"] != 7.0 || o.asked["method"] != "ticket" {
		t.Errorf("it was asked %v", o.asked)
	}
	_, err = dynamicChain(says(`{"allow":true,"identity":{"id":"1"}}`), nil).RenewByTicket(t.Context(), renewal)
	if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.Contains(failure.Message, `the ticket is for the user "1"`) {
		t.Errorf("it says %q", failure.Message)
	}
	_, err = dynamicChain(says(`{"allow":false,"reason":"dismissed"}`), nil).RenewByTicket(t.Context(), renewal)
	if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); failure.Message != "dismissed" {
		t.Errorf("it says %q", failure.Message)
	}
	_, err = dynamicChain(says(`nonsense`), nil).RenewByTicket(t.Context(), renewal)
	refusedAs(t, err, wamp.ErrAuthenticationFailed)
}

func TestAServerWithoutTicketsRenewsNothing(t *testing.T) {
	chain := auth.NewChain(auth.ChainOptions{Anonymous: auth.NewAnonymous("")})
	_, err := chain.RenewByTicket(t.Context(), peer.Renewal{Identity: &peer.Identity{ID: "ann"}, Ticket: "x"})
	refusedAs(t, err, wamp.ErrFeatureNotSupported)
}

func TestARenewalRenewsTheLoginByCookieUnlessItWasTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, time.Hour, 10)
		s.login(t, "mine", issue(t, s.tickets))
		renew := func(user string) error {
			_, err := s.RenewByTicket(t.Context(), peer.Renewal{
				Identity: &peer.Identity{ID: user}, Peer: peer.Peer{Cookie: "mine"},
				Ticket: grant(t, s.tickets, auth.Grant{User: user, Roles: []string{"new"}}),
			})
			return err
		}
		time.Sleep(50 * time.Minute)
		if err := renew("42"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Minute)
		identity, err := s.visit(t, "mine", methods("cookie"))
		if err != nil || identity.Role() != "new" || left(t, identity) != 10*time.Minute {
			t.Errorf("it is %+v, %v", identity, err)
		}
		if err := renew("43"); err != nil { // another user's session, in the same browser
			t.Fatal(err)
		}
		if identity, err := s.visit(t, "mine", methods("cookie")); err != nil || identity.ID != "42" {
			t.Errorf("it is %+v, %v", identity, err)
		}
		s.ForgetLogins(func(*peer.Identity) bool { return true })
		if err := renew("42"); err != nil {
			t.Fatal(err)
		}
		if identity, err := s.visit(t, "mine", methods("cookie")); err == nil {
			t.Errorf("a renewal has brought the login back: %+v", identity)
		}
	})
}
