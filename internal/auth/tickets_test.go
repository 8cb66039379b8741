package auth_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// sign returns a ticket that an application has signed.
func sign(t testing.TB, key any, method jwt.SigningMethod, claims jwt.MapClaims) string {
	t.Helper()
	ticket, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// claims returns the claims of a valid ticket with changes.
func claims(change jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"jti": "one", "sub": "42", "aud": "tidings",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	for name, value := range change {
		if value == nil {
			delete(c, name)
			continue
		}
		c[name] = value
	}
	return c
}

func TestATicketIsRedeemedForTheUserItWasIssuedFor(t *testing.T) {
	tickets := newTickets(t, auth.TicketOptions{})
	grant := auth.Grant{
		User: "42", Name: "Ann Miller", Roles: []string{"staff", "operator"}, Tenant: "acme",
		Claims: map[string]any{"department": 9007199254740993, "rate": 1.5, "tags": []any{1, "x"}, "boss": map[string]any{"id": 7}},
	}
	ticket, expires, err := tickets.Issue(grant)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(expires); left > auth.DefaultTTL || left < auth.DefaultTTL-2*time.Second {
		t.Errorf("it expires in %s", left)
	}
	identity, err := tickets.Redeem(t.Context(), ticket, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	want := &peer.Identity{
		ID: "42", Name: "Ann Miller", Roles: []string{"staff", "operator"}, Tenant: "acme",
		Claims: map[string]any{
			"department": int64(9007199254740993), "rate": 1.5,
			"tags": []any{int64(1), "x"}, "boss": map[string]any{"id": int64(7)},
		},
		Method: "ticket", Provider: "ticket",
	}
	if diff := cmp.Diff(want, identity); diff != "" {
		t.Error(diff)
	}
}

func TestATicketThatAnApplicationSignedIsAccepted(t *testing.T) {
	ticket := sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"iat": nil, "aud": []string{"other", "tidings"}}))
	identity, err := newTickets(t, auth.TicketOptions{}).Redeem(t.Context(), ticket, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	if identity.ID != "42" || identity.Name != "42" {
		t.Errorf("it is %+v", identity)
	}
}

func TestATicketIsAcceptedOnce(t *testing.T) {
	tickets := newTickets(t, auth.TicketOptions{})
	ticket := issue(t, tickets)
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			identity, err := tickets.Redeem(t.Context(), ticket, netip.Addr{})
			switch {
			case err == nil && identity.ID == "42":
				accepted.Add(1)
			case err == nil || !strings.Contains(err.Error(), "used before"):
				t.Errorf("got %v, %v", identity, err)
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("accepted %d times", n)
	}
	stats := auth.NewChain(auth.ChainOptions{Tickets: tickets}).Stats()
	if used := counted(stats, auth.MethodTicket, auth.Used); used != 19 {
		t.Errorf("counted %d times as used: %v", used, stats)
	}
}

func TestInvalidTicketsAreRefusedWithTheirReason(t *testing.T) {
	now := time.Now()
	valid := sign(t, []byte(secret), jwt.SigningMethodHS256, claims(nil))
	parts := strings.Split(valid, ".")
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		ticket string
		result auth.Result
		says   string
	}{
		"empty":                  {"", auth.Malformed, "no valid ticket"},
		"garbage":                {"not a ticket", auth.Malformed, "no valid ticket"},
		"four parts":             {valid + ".x", auth.Malformed, "no valid ticket"},
		"too long":               {valid + strings.Repeat("A", 9000), auth.Malformed, "too long"},
		"no signature":           {parts[0] + "." + parts[1] + ".", auth.Forged, "no valid ticket"},
		"another secret":         {sign(t, []byte(oldSecret), jwt.SigningMethodHS256, claims(nil)), auth.Forged, "no valid ticket"},
		"no algorithm":           {sign(t, jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone, claims(nil)), auth.Forged, "no valid ticket"},
		"another algorithm":      {sign(t, []byte(secret), jwt.SigningMethodHS512, claims(nil)), auth.Forged, "no valid ticket"},
		"other claims":           {parts[0] + "." + strings.Split(sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"sub": "1"})), ".")[1] + "." + parts[2], auth.Forged, "no valid ticket"},
		"expired":                {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"iat": now.Add(-2 * time.Minute).Unix(), "exp": now.Add(-time.Minute).Unix()})), auth.Expired, now.Add(-time.Minute).UTC().Format(time.RFC3339)},
		"not yet":                {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()})), auth.Early, "not valid yet"},
		"issued in the future":   {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"iat": now.Add(time.Minute).Unix()})), auth.Early, "not valid yet"},
		"another audience":       {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"aud": "shop"})), auth.WrongTarget, "aud must be"},
		"no audience":            {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"aud": nil})), auth.WrongTarget, "aud must be"},
		"no expiry":              {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"exp": nil})), auth.BadClaims, "exp"},
		"lives too long":         {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"exp": now.Add(time.Hour).Unix()})), auth.BadClaims, "too long"},
		"lives for ever":         {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"exp": 1e300})), "", ""},
		"lived too long":         {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"iat": now.Add(-time.Hour).Unix()})), auth.BadClaims, "too long"},
		"no user":                {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"sub": nil})), auth.BadClaims, "user (sub)"},
		"no id":                  {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"jti": nil})), auth.BadClaims, "jti"},
		"a long id":              {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"jti": long})), auth.BadClaims, "jti"},
		"a long user":            {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"sub": long})), auth.BadClaims, "user (sub)"},
		"a name that hides":      {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"name": "Ann\nadmin"})), auth.BadClaims, "the name"},
		"many roles":             {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"roles": strings.Split(strings.Repeat("r,", 40), ",")})), auth.BadClaims, "roles"},
		"an empty role":          {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"roles": []string{""}})), auth.BadClaims, "role"},
		"a user of another type": {sign(t, []byte(secret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"sub": 42})), auth.BadClaims, `the user (sub) must be a text, such as "42", not a number`},
	} {
		t.Run(name, func(t *testing.T) {
			spent := &memory{}
			tickets := newTickets(t, auth.TicketOptions{ReplayGuard: spent})
			_, err := tickets.Redeem(t.Context(), c.ticket, netip.Addr{})
			failure := refusedAs(t, err, wamp.ErrAuthenticationDenied)
			if !strings.Contains(failure.Message, c.says) {
				t.Errorf("it says %q, not %q", failure.Message, c.says)
			}
			if stats := auth.NewChain(auth.ChainOptions{Tickets: tickets}).Stats(); c.result != "" && counted(stats, auth.MethodTicket, c.result) != 1 {
				t.Errorf("counted as %v, not as %s", stats, c.result)
			}
			if len(spent.used) != 0 {
				t.Error("a refused ticket was spent")
			}
		})
	}
}

// signText returns a signed ticket with any header and payload.
func signText(t testing.TB, header, payload string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestATicketIsDecodedStrictly(t *testing.T) {
	const header = `{"typ":"JWT","alg":"HS256","kid":"1"}`
	soon := strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10)
	for name, c := range map[string]struct {
		header, payload string
		result          auth.Result
	}{
		"as usual":                      {header, `{"jti":"1","sub":"user-42","aud":"tidings","exp":` + soon + `}`, auth.Accepted},
		"with a fraction of a second":   {header, `{"jti":"1","sub":"user-42","aud":"tidings","exp":` + soon + `.5}`, auth.Accepted},
		"for several audiences":         {header, `{"jti":"1","sub":"user-42","aud":["shop","tidings"],"exp":` + soon + `}`, auth.Accepted},
		"with unknown claims":           {header, `{"jti":"1","sub":"user-42","aud":"tidings","exp":` + soon + `,"iss":"shop","x":{}}`, auth.Accepted},
		"without an audience":           {header, `{"jti":"1","sub":"user-42","aud":[],"exp":` + soon + `}`, auth.WrongTarget},
		"with a number as audience":     {header, `{"jti":"1","sub":"user-42","aud":7,"exp":` + soon + `}`, auth.BadClaims},
		"with a text as expiry":         {header, `{"jti":"1","sub":"user-42","aud":"tidings","exp":"soon"}`, auth.BadClaims},
		"with an expiry out of range":   {header, `{"jti":"1","sub":"user-42","aud":"tidings","exp":9223372036854775807}`, auth.Expired},
		"with a claim twice":            {header, `{"jti":"1","sub":"user-42","aud":"tidings","exp":` + soon + `,"sub":"1"}`, auth.Malformed},
		"with a claim in other letters": {header, `{"jti":"1","SUB":"user-42","aud":"tidings","exp":` + soon + `}`, auth.BadClaims},
		"not in UTF-8":                  {header, `{"jti":"1","sub":"` + "\xff" + `","aud":"tidings","exp":` + soon + `}`, auth.Malformed},
		"with more behind it":           {header, `{"jti":"1","sub":"user-42","aud":"tidings","exp":` + soon + `}{}`, auth.Malformed},
		"with another algorithm's name": {`{"alg":"none"}`, `{"jti":"1","sub":"user-42","aud":"tidings","exp":` + soon + `}`, auth.Forged},
		"with a header of no JSON":      {`alg`, `{"jti":"1","sub":"user-42","aud":"tidings","exp":` + soon + `}`, auth.Malformed},
		"of no JSON":                    {header, `sub=user-42`, auth.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			tickets := newTickets(t, auth.TicketOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			identity, err := tickets.Redeem(t.Context(), signText(t, c.header, c.payload), netip.Addr{})
			if accepted := c.result == auth.Accepted; accepted != (err == nil) || accepted && identity.ID != "user-42" {
				t.Errorf("it gave %+v, %v", identity, err)
			}
			if stats := auth.NewChain(auth.ChainOptions{Tickets: tickets}).Stats(); counted(stats, auth.MethodTicket, c.result) != 1 {
				t.Errorf("counted as %v, not as %s: %s", stats, c.result, log.String())
			}
			if c.result == auth.Malformed && strings.Contains(log.String(), "user-42") {
				t.Errorf("the log has parts of the ticket: %s", log.String())
			}
		})
	}
}

func TestAnExtensionThatMustBeUnderstoodIsRefused(t *testing.T) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(nil))
	token.Header["crit"] = []string{"b64"}
	ticket, err := token.SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	_, err = newTickets(t, auth.TicketOptions{}).Redeem(t.Context(), ticket, netip.Addr{})
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
}

func TestATicketExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tickets := newTickets(t, auth.TicketOptions{TTL: time.Minute})
		early := issue(t, tickets)
		late := issue(t, tickets)
		time.Sleep(time.Minute + auth.Leeway - time.Second)
		if _, err := tickets.Redeem(t.Context(), early, netip.Addr{}); err != nil {
			t.Errorf("within the leeway: %v", err)
		}
		time.Sleep(2 * time.Second)
		_, err := tickets.Redeem(t.Context(), late, netip.Addr{})
		if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.Contains(failure.Message, "expired at") {
			t.Errorf("it says %q", failure.Message)
		}
	})
}

func TestAUsedTicketIsRememberedUntilItHasExpired(t *testing.T) {
	spent := &memory{}
	tickets := newTickets(t, auth.TicketOptions{ReplayGuard: spent})
	ticket, expires, err := tickets.Issue(auth.Grant{User: "42"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tickets.Redeem(t.Context(), ticket, netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	for until := range maps.Values(spent.used) {
		if !until.Equal(expires.Add(auth.Leeway)) {
			t.Errorf("remembered until %s; it can be tried until %s", until, expires.Add(auth.Leeway))
		}
	}
	if len(spent.used) != 1 {
		t.Errorf("%d tickets are remembered", len(spent.used))
	}
}

type brokenStore struct{}

func (brokenStore) Use(context.Context, string, time.Time, time.Time) (bool, error) {
	return true, errors.New("the disk is full")
}

func TestTicketsAreRefusedWhileTheReplayGuardFails(t *testing.T) {
	tickets := newTickets(t, auth.TicketOptions{ReplayGuard: brokenStore{}})
	ticket := issue(t, tickets)
	identity, err := tickets.Redeem(t.Context(), ticket, netip.Addr{})
	failure := refusedAs(t, err, wamp.ErrAuthenticationFailed)
	if identity != nil || strings.Contains(failure.Message, "disk") {
		t.Errorf("got %v, %q", identity, failure.Message)
	}
}

func TestSecretsRotate(t *testing.T) {
	before := newTickets(t, auth.TicketOptions{Secrets: []string{oldSecret}})
	during := newTickets(t, auth.TicketOptions{Secrets: []string{secret, oldSecret}})
	after := newTickets(t, auth.TicketOptions{Secrets: []string{secret}})

	old := issue(t, before)
	fresh := issue(t, during)
	for _, ticket := range []string{old, fresh} {
		if _, err := during.Redeem(t.Context(), ticket, netip.Addr{}); err != nil {
			t.Errorf("while both are accepted: %v", err)
		}
	}
	if _, err := after.Redeem(t.Context(), fresh, netip.Addr{}); err != nil {
		t.Errorf("the first secret does not sign: %v", err)
	}
	if _, err := after.Redeem(t.Context(), old, netip.Addr{}); err == nil {
		t.Error("a withdrawn secret is still accepted")
	}
}

func TestUnsafeTicketOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]auth.TicketOptions{
		"no secret":     {ReplayGuard: &memory{}},
		"short secret":  {ReplayGuard: &memory{}, Secrets: []string{secret, "short"}},
		"no used store": {Secrets: []string{secret}},
	} {
		if _, err := auth.NewTickets(o); err == nil || strings.Contains(err.Error(), "short\"") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGrantsThatCannotBecomeTicketsAreRefused(t *testing.T) {
	tickets := newTickets(t, auth.TicketOptions{TTL: time.Minute})
	for name, grant := range map[string]auth.Grant{
		"nobody":          {},
		"too long a life": {User: "42", TTL: time.Hour},
		"no life":         {User: "42", TTL: -time.Second},
		"too much":        {User: "42", Claims: map[string]any{"x": strings.Repeat("x", 10000)}},
		"no JSON":         {User: "42", Claims: map[string]any{"x": make(chan int)}},
		"control":         {User: "4\x002"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := tickets.Issue(grant)
			refusedAs(t, err, wamp.ErrInvalidArgument)
		})
	}
}

func TestNoTicketIsEverLogged(t *testing.T) {
	var log bytes.Buffer
	tickets := newTickets(t, auth.TicketOptions{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	ticket := issue(t, tickets)
	forged := sign(t, []byte(oldSecret), jwt.SigningMethodHS256, claims(jwt.MapClaims{"jti": "by a stranger"}))
	for _, tried := range []string{ticket, ticket, forged, ticket + "A", ticket[:len(ticket)-3] + "x", "secret-looking garbage"} {
		_, err := tickets.Redeem(t.Context(), tried, netip.Addr{})
		if len(tried) > 8 && err != nil && strings.Contains(err.Error(), tried) {
			t.Errorf("the error shows the ticket: %v", err)
		}
		for part := range strings.SplitSeq(tried, ".") {
			if len(part) > 8 && strings.Contains(log.String(), part) {
				t.Fatalf("the log shows %q:\n%s", part, log.String())
			}
		}
	}
	if !strings.Contains(log.String(), "jti=") {
		t.Errorf("the log does not name the ticket by its id:\n%s", log.String())
	}
	if strings.Contains(log.String(), "stranger") {
		t.Errorf("a stranger wrote our log:\n%s", log.String())
	}
}

// FuzzRedeem checks that no input panics, and that only signed tickets are accepted.
func FuzzRedeem(f *testing.F) {
	tickets := newTickets(f, auth.TicketOptions{})
	f.Add(sign(f, []byte(secret), jwt.SigningMethodHS256, jwt.MapClaims{"jti": "one", "sub": "42", "aud": "tidings", "exp": time.Now().Add(auth.DefaultTTL).Unix()}))
	f.Add(sign(f, []byte(oldSecret), jwt.SigningMethodHS256, claims(nil)))
	f.Add(sign(f, jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone, claims(nil)))
	f.Add(sign(f, []byte(secret), jwt.SigningMethodHS512, claims(jwt.MapClaims{"exp": 1e300})))
	f.Add("eyJhbGciOiJIUzI1NiJ9.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, ticket string) {
		identity, err := tickets.Redeem(t.Context(), ticket, netip.Addr{})
		if err == nil && !isSigned(ticket, secret) {
			t.Fatalf("accepted as %+v", identity)
		}
		if err != nil && len(ticket) > 40 && strings.Contains(err.Error(), ticket) {
			t.Fatal("the error shows the ticket")
		}
	})
}

// isSigned checks the signature independently of the server's code.
func isSigned(ticket, key string) bool {
	end := strings.LastIndexByte(ticket, '.')
	if end < 0 {
		return false
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(ticket[:end]))
	return ticket[end+1:] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
