package server_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/client"
)

// sign makes a ticket as an application does by itself.
func sign(t *testing.T, key string, claims jwt.MapClaims) string {
	t.Helper()
	ticket, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func claims(change jwt.MapClaims) jwt.MapClaims {
	made := jwt.MapClaims{
		"jti": rand.Text(), "sub": "ann", "aud": "tidings", "name": "Ann", "roles": []string{"staff"},
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	for name, value := range change {
		made[name] = value
	}
	return made
}

func once(ticket string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return ticket, nil }
}

func TestATicketLetsItsUserInOnce(t *testing.T) {
	r := start(t, basic)
	ticket, _ := r.ticket("ann", "staff")(t.Context())
	session := r.join(client.Config{Auth: client.Ticket(once(ticket))}).Session()
	if session.AuthID != "ann" || session.AuthRole != "staff" || session.AuthMethod != "ticket" {
		t.Errorf("%+v", session)
	}
	_, err := r.tryJoin(client.Config{Auth: client.Ticket(once(ticket))})
	refusedWith(t, err, "wamp.error.authentication_denied", "used before")
	if strings.Contains(r.log.String(), ticket) {
		t.Error("the ticket is in the log")
	}
}

func TestATicketThatTheApplicationSignedCounts(t *testing.T) {
	r := start(t, basic)
	session := r.join(client.Config{Auth: client.Ticket(once(sign(t, secret, claims(nil))))}).Session()
	if session.AuthID != "ann" {
		t.Errorf("%+v", session)
	}
}

func TestAnInvalidTicketIsRefusedWithTheReason(t *testing.T) {
	r := start(t, basic)
	for name, ticket := range map[string]string{
		"expired":        sign(t, secret, claims(jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix(), "iat": time.Now().Add(-2 * time.Hour).Unix()})),
		"forged":         sign(t, strings.Repeat("x", 32), claims(nil)),
		"of no user":     sign(t, secret, claims(jwt.MapClaims{"sub": ""})),
		"lives for long": sign(t, secret, claims(jwt.MapClaims{"exp": time.Now().Add(time.Hour).Unix()})),
		"for others":     sign(t, secret, claims(jwt.MapClaims{"aud": "somebody-else"})),
		"without id":     sign(t, secret, claims(jwt.MapClaims{"jti": ""})),
		"no ticket":      "hello",
	} {
		_, err := r.tryJoin(client.Config{Auth: client.Ticket(once(ticket))})
		var answer *client.Error
		if !errors.As(err, &answer) || answer.URI != "wamp.error.authentication_denied" || answer.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAClientWithoutATicketIsRefusedUnlessConfigured(t *testing.T) {
	_, err := start(t, basic).tryJoin(client.Config{})
	refusedWith(t, err, "wamp.error.no_matching_auth_method", "ticket")

	r := start(t, strings.Replace(basic, "ttl: 1m}", "ttl: 1m}, anonymous: {role: visitor}", 1))
	if session := r.join(client.Config{}).Session(); session.AuthRole != "visitor" {
		t.Errorf("%+v", session)
	}
}

func TestATicketInTheAddressIsRedeemedOnceAndNeverLogged(t *testing.T) {
	r := start(t, basic)
	ticket, _ := r.ticket("ann")(t.Context())
	dial := func() int {
		request, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/ws?ticket="+ticket, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
			"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "wamp",
		} {
			request.Header.Set(name, value)
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if status := dial(); status != 101 {
		t.Errorf("first use: %d", status)
	}
	if status := dial(); status != 401 {
		t.Errorf("second use: %d", status)
	}
	if strings.Contains(r.log.String(), ticket) {
		t.Error("the ticket is in the log")
	}
}

func TestAnAPIKeyThatMayNotIssueTicketsDoesNot(t *testing.T) {
	r := start(t, basic)
	r.api("publisher-0123456789abcdef", "POST", "tickets", map[string]any{"user": "ann"}).refused(403, `"tickets"`)
	r.api("issuer-0123456789abcdef", "POST", "tickets", map[string]any{"user": "ann"}).as(201, nil)
	r.api("issuer-0123456789abcdef", "POST", "tickets", map[string]any{"user": "ann", "ttl": "2h"}).refused(422, "at most 1m")
}

func refusedWith(t *testing.T, err error, uri, message string) {
	t.Helper()
	var answer *client.Error
	if !errors.As(err, &answer) {
		t.Fatalf("not refused but: %v", err)
	}
	if answer.URI != uri || !strings.Contains(answer.Message, message) {
		t.Errorf("refused with %s: %s; want %s and %q", answer.URI, answer.Message, uri, message)
	}
}

func TestAServerWithoutTicketsRefusesToIssueThem(t *testing.T) {
	r := start(t, "api_keys: [{name: all, key: "+allKey+", may: ['*']}]")
	r.api(allKey, "POST", "tickets", map[string]any{"user": "ann"}).refused(501, "auth.tickets")
}
