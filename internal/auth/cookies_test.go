package auth_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// site is a chain with cookies and tickets.
type site struct {
	*auth.Chain
	tickets *auth.Tickets
}

func newSite(t *testing.T, ttl time.Duration, most int) site {
	t.Helper()
	tickets := newTickets(t, auth.TicketOptions{})
	return site{auth.NewChain(auth.ChainOptions{
		Tickets: tickets, Keys: newKeys(t, auth.KeyOptions{Name: "erp", Key: "a key of many characters"}),
		Anonymous: auth.NewAnonymous("visitor"), Cookies: auth.NewCookies(ttl, most),
	}), tickets}
}

func (s site) visit(t *testing.T, cookie string, details wamp.Dict) (*peer.Identity, error) {
	t.Helper()
	h := hello(details)
	h.Peer.Cookie = cookie
	outcome, err := s.Authenticate(t.Context(), h)
	return outcome.Identity, err
}

// login logs a browser in with a secret.
func (s site) login(t *testing.T, cookie, secret string) {
	t.Helper()
	h := hello(methods("ticket"))
	h.Peer.Cookie = cookie
	outcome := begin(t, s.Chain, h)
	if _, err := outcome.Next(t.Context(), &wamp.Authenticate{Signature: secret}); err != nil {
		t.Fatal(err)
	}
}

func TestABrowserReturnsWithTheIdentityOfItsLogin(t *testing.T) {
	s := newSite(t, time.Hour, 10)
	_, err := s.visit(t, "mine", methods("cookie", "anonymous"))
	refusedAs(t, err, wamp.ErrAuthenticationDenied) // and not made anonymous
	s.login(t, "mine", issue(t, s.tickets))
	for _, details := range []wamp.Dict{methods("cookie"), {"authmethods": []any{"cookie"}, "authid": "42"}} {
		who, err := s.visit(t, "mine", details)
		if err != nil || who.ID != "42" || who.Method != "cookie" || who.Provider != "ticket" {
			t.Errorf("it is %+v, %v", who, err)
		}
	}
	for name, c := range map[string]struct {
		cookie  string
		details wamp.Dict
	}{
		"another browser": {"other", methods("cookie")},
		"no cookie":       {"", methods("cookie")},
		"another user":    {"mine", wamp.Dict{"authmethods": []any{"cookie"}, "authid": "1"}},
	} {
		if who, err := s.visit(t, c.cookie, c.details); err == nil {
			t.Errorf("%s is %+v", name, who)
		}
	}
}

func TestACookieDoesNotOverrideTheMethodsOfAClient(t *testing.T) {
	s := newSite(t, time.Hour, 10)
	s.login(t, "mine", issue(t, s.tickets))
	for _, details := range []wamp.Dict{methods("anonymous"), methods("anonymous", "cookie"), {}} {
		if who, err := s.visit(t, "mine", details); err != nil || who.Role() != "visitor" {
			t.Errorf("%v is %+v, %v", details, who, err)
		}
	}
	if who, err := s.visit(t, "mine", methods("cookie")); err != nil || who.ID != "42" {
		t.Errorf("after anonymous sessions the cookie gives %+v, %v", who, err)
	}
}

func TestALoginByCookieEndsByTimeByTheLimitAndByLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, time.Minute, 2)
		s.login(t, "late", issue(t, s.tickets))
		time.Sleep(time.Minute - time.Second)
		if _, err := s.visit(t, "late", methods("cookie")); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // use has not extended its time
		if _, err := s.visit(t, "late", methods("cookie")); err == nil {
			t.Error("the login has not expired")
		}
		for _, cookie := range []string{"a", "b", "c"} {
			s.login(t, cookie, issue(t, s.tickets))
		}
		if _, err := s.visit(t, "a", methods("cookie")); err == nil {
			t.Error("more logins are kept than allowed")
		}
		s.LoggedOut(peer.Peer{Cookie: "b"})
		if _, err := s.visit(t, "b", methods("cookie")); err == nil {
			t.Error("the login has survived the logout")
		}
		if _, err := s.visit(t, "c", methods("cookie")); err != nil {
			t.Error(err)
		}
	})
}

func TestABackendIsNotRememberedByItsCookie(t *testing.T) {
	s := newSite(t, time.Hour, 10)
	s.login(t, "mine", "a key of many characters")
	if who, err := s.visit(t, "mine", methods("cookie")); err == nil {
		t.Errorf("it is %+v", who)
	}
}

func TestALoginByATicketInTheAddressIsRemembered(t *testing.T) {
	s := newSite(t, time.Hour, 10)
	h := hello(wamp.Dict{})
	h.Peer.Cookie, h.Peer.Identity = "mine", &peer.Identity{ID: "42", Method: "ticket"}
	if _, err := s.Authenticate(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if who, err := s.visit(t, "mine", methods("cookie")); err != nil || who.ID != "42" {
		t.Errorf("it is %+v, %v", who, err)
	}
}

func TestLoginsAreTakenBackByUser(t *testing.T) {
	s := newSite(t, time.Hour, 10)
	for _, cookie := range []string{"a", "b", "c"} {
		s.login(t, cookie, issue(t, s.tickets))
	}
	if n := s.ForgetLogins(func(i *peer.Identity) bool { return i.ID == "43" }); n != 0 {
		t.Errorf("%d logins of another user were taken back", n)
	}
	if n := s.ForgetLogins(func(i *peer.Identity) bool { return i.ID == "42" }); n != 3 {
		t.Errorf("%d logins were taken back", n)
	}
	for _, cookie := range []string{"a", "b", "c"} {
		if who, err := s.visit(t, cookie, methods("cookie")); err == nil {
			t.Errorf("%s is still %+v", cookie, who)
		}
	}
}

// The login was accepted before it was taken back, and its session joins afterwards.
func TestASessionOfALoginThatWasTakenBackIsRecognized(t *testing.T) {
	s := newSite(t, time.Hour, 10)
	s.login(t, "mine", issue(t, s.tickets))
	who, err := s.visit(t, "mine", methods("cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if s.IsForgotten(peer.Peer{Cookie: "mine"}, who) {
		t.Error("the login holds")
	}
	s.ForgetLogins(func(*peer.Identity) bool { return true })
	if !s.IsForgotten(peer.Peer{Cookie: "mine"}, who) {
		t.Error("the session stays")
	}
	s.login(t, "mine", issue(t, s.tickets)) // of the same user: the browser has logged in again
	if s.IsForgotten(peer.Peer{Cookie: "mine"}, who) {
		t.Error("the new login holds")
	}
	if s.IsForgotten(peer.Peer{}, &peer.Identity{ID: "42", Method: "ticket"}) {
		t.Error("a login by a ticket is none by cookie")
	}
}
