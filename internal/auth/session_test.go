package auth_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// left returns how long a session of the identity lives; 0: it has no end.
func left(t *testing.T, identity *peer.Identity) time.Duration {
	t.Helper()
	if identity == nil {
		t.Fatal("there is no identity")
	}
	if identity.Expires.IsZero() {
		return 0
	}
	return time.Until(identity.Expires)
}

func TestATicketSaysHowLongItsSessionLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tickets := newTickets(t, auth.TicketOptions{})
		issued := func(life time.Duration) string {
			ticket, _, err := tickets.Issue(auth.Grant{User: "42", Session: life})
			if err != nil {
				t.Fatal(err)
			}
			return ticket
		}
		signed := func(id string, seconds any) string {
			return sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"jti": id, "session": seconds}))
		}
		for name, c := range map[string]struct {
			ticket string
			want   time.Duration
		}{
			"issued, half an hour":     {issued(30 * time.Minute), 30 * time.Minute},
			"issued, the longest":      {issued(366 * 24 * time.Hour), 366 * 24 * time.Hour},
			"issued, without end":      {issued(0), 0},
			"signed, a second":         {signed("a", 1), time.Second},
			"signed, the longest":      {signed("b", 31622400), 31622400 * time.Second},
			"signed, without end":      {signed("c", nil), 0},
			"signed, null as no value": {signText(t, `{"alg":"HS256"}`, `{"jti":"d","sub":"42","aud":"tidings","session":null,"exp":`+in(time.Minute)+`}`), 0},
		} {
			time.Sleep(time.Second) // the session lives from the login, whenever the ticket was issued
			identity, err := tickets.Redeem(t.Context(), c.ticket, netip.Addr{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := left(t, identity); got != c.want {
				t.Errorf("%s: it lives %s, not %s", name, got, c.want)
			}
		}
	})
}

// in returns a time from now as a claim has it.
func in(d time.Duration) string {
	text, _ := json.Marshal(time.Now().Add(d).Unix()) // a number cannot fail
	return string(text)
}

func TestAWrongLifeOfASessionIsRefusedWithTheRemedy(t *testing.T) {
	tickets := newTickets(t, auth.TicketOptions{})
	for name, value := range map[string]any{
		"nothing": 0, "less": -1, "too long": 31622401, "a time": time.Now().Add(time.Hour).Unix(), "a fraction": 1.5,
		"a duration": "30m", "a truth": true, "a list": []int{60}, "a number without bounds": 1e300,
	} {
		_, err := tickets.Redeem(t.Context(), sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"session": value})), netip.Addr{})
		if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.Contains(failure.Message, "session must be a whole number of seconds") {
			t.Errorf("%s: it says %q", name, failure.Message)
		}
	}
	for _, life := range []time.Duration{-time.Second, time.Second / 2, 90*time.Second + time.Millisecond, 366*24*time.Hour + time.Second} {
		_, _, err := tickets.Issue(auth.Grant{User: "42", Session: life})
		if failure := refusedAs(t, err, wamp.ErrInvalidArgument); !strings.Contains(failure.Message, life.String()) {
			t.Errorf("%s: it says %q", life, failure.Message)
		}
	}
}

func TestASessionByCookieEndsWithTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, time.Hour, 10)
		s.login(t, "long", issue(t, s.tickets))
		short, _, err := s.tickets.Issue(auth.Grant{User: "42", Session: 10 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		s.login(t, "short", short)
		time.Sleep(9 * time.Minute)
		for cookie, want := range map[string]time.Duration{"long": 51 * time.Minute, "short": time.Minute} {
			identity, err := s.visit(t, cookie, methods("cookie"))
			if err != nil {
				t.Fatal(err)
			}
			if got := left(t, identity); got != want {
				t.Errorf("%s: it lives %s, not %s", cookie, got, want)
			}
		}
		time.Sleep(time.Minute)
		if identity, err := s.visit(t, "short", methods("cookie")); err == nil {
			t.Errorf("the login by cookie outlives the session: %+v", identity)
		}
	})
}

func TestASessionByCertificateEndsWithItsChain(t *testing.T) {
	leaf, root := clientCertificate(t, pkix.Name{CommonName: "robot"}), clientCertificate(t, pkix.Name{CommonName: "root"})
	cross := clientCertificate(t, pkix.Name{CommonName: "cross"})
	now := time.Now()
	leaf.NotAfter, root.NotAfter, cross.NotAfter = now.Add(3*time.Hour), now.Add(time.Hour), now.Add(2*time.Hour)
	request := shows(leaf, methods("tls"))
	for name, c := range map[string]struct {
		chains [][]*x509.Certificate
		want   time.Duration
	}{
		"the leaf":             {[][]*x509.Certificate{{leaf}}, 3 * time.Hour},
		"an authority":         {[][]*x509.Certificate{{leaf, root}}, time.Hour},
		"the chain that lasts": {[][]*x509.Certificate{{leaf, root}, {leaf, cross}}, 2 * time.Hour},
	} {
		request.Peer.TLSState.VerifiedChains = c.chains
		result, err := certificatesChain(t, auth.CertificateRule{}).Authenticate(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if !result.Identity.Expires.Equal(now.Add(c.want)) {
			t.Errorf("%s: it ends at %s", name, result.Identity.Expires)
		}
	}
}

func TestTheUserSourceSaysHowLongASessionLives(t *testing.T) {
	for _, method := range append([]string{"ticket"}, secretMethods...) {
		var answer map[string]any
		if err := json.Unmarshal([]byte(knowsAnn(t)), &answer); err != nil {
			t.Fatal(err)
		}
		answer["session"] = 600
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		outcome := begin(t, dynamicChain(says(string(text)), nil), honest.hello(method))
		before := time.Now()
		outcome, err = outcome.Next(t.Context(), answerOf(t, method, outcome.Challenge))
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if got := outcome.Identity.Expires.Sub(before); got < 600*time.Second || got > 660*time.Second {
			t.Errorf("%s: it lives %s", method, got)
		}
	}
	o := says(`{"allow":true,"identity":{"id":"42"},"session":"10m"}`)
	outcome := begin(t, dynamicChain(o, nil), honest.hello("ticket"))
	_, err := outcome.Next(t.Context(), &wamp.Authenticate{Signature: "foreign"})
	refusedAs(t, err, wamp.ErrAuthenticationFailed) // the application answers wrongly, and the client may try again
}

func answerOf(t *testing.T, method string, challenge *wamp.Challenge) *wamp.Authenticate {
	t.Helper()
	if method == "ticket" {
		return &wamp.Authenticate{Signature: "foreign"}
	}
	return honest.answer(t, challenge)
}
