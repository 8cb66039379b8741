package auth_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// payload returns the payload of a ticket with one claim replaced by a JSON value; "": it is left out.
func payload(name, value string) string {
	soon := time.Now().Add(time.Minute).Unix()
	all := map[string]string{"jti": `"1"`, "sub": `"42"`, "aud": `"tidings"`, "exp": fmt.Sprint(soon), "name": `"hush"`}
	if all[name] = value; value == "" {
		delete(all, name)
	}
	var parts []string
	for claim, value := range all {
		parts = append(parts, `"`+claim+`":`+value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

const usualHeader = `{"alg":"HS256","typ":"JWT"}`

// wrongClaims has the mistakes of tickets whose signature is valid, and what the client is told.
var wrongClaims = []struct{ name, value, says string }{
	{"sub", `42`, `the user (sub) must be a text, such as "42", not a number`},
	{"sub", `["42"]`, `the user (sub) must be a text, such as "42", not a list`},
	{"sub", `null`, `the user (sub) is missing`},
	{"sub", ``, `the user (sub) is missing`},
	{"jti", `7`, `the ticket's id (jti) must be a text that no other ticket has, not a number`},
	{"jti", ``, `the ticket's id (jti) is missing`},
	{"aud", `7`, `the audience (aud) must be the text "tidings", not a number`},
	{"aud", ``, `its aud must be "tidings"`},
	{"aud", `"shop"`, `its aud must be "tidings"`},
	{"exp", ``, `lacks its expiry (exp): give the seconds since 1970, at most 5m0s from now`},
	{"exp", `"1999999999"`, `the expiry (exp) must be a number: the seconds since 1970, not a text`},
	{"exp", `"2030-01-01"`, `the expiry (exp) must be a number: the seconds since 1970, not a text`},
	{"exp", `true`, `the expiry (exp) must be a number: the seconds since 1970, not a boolean`},
	{"exp", fmt.Sprint(time.Now().UnixMilli() + 60_000), `the expiry (exp) is in milliseconds, and must be in seconds`},
	{"iat", fmt.Sprint(time.Now().UnixMilli()), `the time of issue (iat) is in milliseconds, and must be in seconds`},
	{"nbf", fmt.Sprint(time.Now().UnixMilli()), `(nbf) is in milliseconds, and must be in seconds`},
	{"iat", `"now"`, `the time of issue (iat) must be a number: the seconds since 1970, not a text`},
	{"roles", `"staff"`, `the roles must be a list of texts, such as ["staff"], not a text`},
	{"roles", `{"0":"staff"}`, `the roles must be a list of texts, such as ["staff"], not an object`},
	{"roles", `[1]`, `the roles must be a list of texts, such as ["staff"]; element 0, not a number`},
	{"name", `{"first":"Ann"}`, `the name must be a text, not an object`},
	{"tenant", `3`, `the tenant must be a text, not a number`},
	{"claims", `"x"`, `the claims must be an object, such as {"department": 7}, not a text`},
	{"claims", `[1]`, `the claims must be an object, such as {"department": 7}, not a list`},
	{"session", `"1h"`, `session must be a whole number of seconds`},
}

func TestASignedTicketWithAWrongClaimIsToldWhatItMustBe(t *testing.T) {
	limit := attempts.New(attempts.Options{PerAddress: 3})
	for _, c := range wrongClaims {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			var log bytes.Buffer
			tickets := newTickets(t, auth.TicketOptions{Logger: slog.New(slog.NewTextHandler(&log, nil)), Attempts: limit})
			signed := signText(t, usualHeader, payload(c.name, c.value))
			chain := auth.NewChain(auth.ChainOptions{Tickets: tickets})
			_, inAddress := tickets.Redeem(t.Context(), signed, netip.Addr{})
			_, overWAMP := answer(t, chain, methods("ticket"), signed)
			_, renewal := chain.RenewByTicket(t.Context(), peer.Renewal{Identity: &peer.Identity{ID: "42"}, Ticket: signed})
			for way, err := range map[string]error{"?ticket=": inAddress, "over WAMP": overWAMP, "renewal": renewal} {
				if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.Contains(failure.Message, c.says) {
					t.Errorf("%s: it says %q, want %q", way, failure.Message, c.says)
				}
			}
			if strings.Contains(log.String(), "hush") || !strings.Contains(log.String(), "detail=") {
				t.Errorf("the log has %s", log.String())
			}
			forged := strings.Join(append(strings.Split(signed, ".")[:2], base64.RawURLEncoding.EncodeToString(make([]byte, 32))), ".")
			_, err := newTickets(t, auth.TicketOptions{}).Redeem(t.Context(), forged, netip.Addr{})
			if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.HasPrefix(failure.Message, "this is no valid ticket") {
				t.Errorf("without a signature it says %q", failure.Message)
			}
		})
	}
	if wait := limit.Wait(attempts.Attempt{}); wait > 0 {
		t.Errorf("signed tickets count as guesses: the next attempt waits %s", wait)
	}
}

func TestASignedTicketThatCannotBeReadSaysWhere(t *testing.T) {
	for text, says := range map[string]string{
		`sub=42`:                "the payload of the ticket is not JSON",
		`[]`:                    "must be a JSON object of claims, not a list",
		`{"sub":"1","sub":"2"}`: "a claim twice: sub",
		`{"sub":"42",}`:         "the payload of the ticket is not JSON",
	} {
		_, err := newTickets(t, auth.TicketOptions{}).Redeem(t.Context(), signText(t, usualHeader, text), netip.Addr{})
		if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.Contains(failure.Message, says) {
			t.Errorf("%s: it says %q, want %q", text, failure.Message, says)
		}
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(usualHeader))
	padded := head + "." + base64.StdEncoding.EncodeToString([]byte(payload("sub", `"4"`)+strings.Repeat(" ", 3)))
	signature, err := jwt.SigningMethodHS256.Sign(padded, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	_, err = newTickets(t, auth.TicketOptions{}).Redeem(t.Context(), padded+"."+base64.RawURLEncoding.EncodeToString(signature), netip.Addr{})
	if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); strings.Contains(padded, "=") && !strings.Contains(failure.Message, "base64url without padding") {
		t.Errorf("with padding it says %q", failure.Message)
	}
}

func TestAnEmptyListOfClaimsIsAnEmptyMap(t *testing.T) {
	for _, value := range []string{`[]`, `[ ]`, `{}`, `null`} {
		identity, err := newTickets(t, auth.TicketOptions{}).Redeem(t.Context(), signText(t, usualHeader, payload("claims", value)), netip.Addr{})
		if err != nil || len(identity.Claims) != 0 {
			t.Errorf("%s: %+v, %v", value, identity, err)
		}
	}
}

func TestAWrongAPIKeyOverWAMPIsToldSo(t *testing.T) {
	const good = "tdk_0123456789abcdef"
	keys := newKeys(t, auth.KeyOptions{Name: "erp", Key: good})
	chain := auth.NewChain(auth.ChainOptions{Tickets: newTickets(t, auth.TicketOptions{}), Keys: keys})
	for sent, says := range map[string]string{
		"tdk_wrong":       "no such API key: see api_keys in the configuration of the server",
		good + "\n":       "no such API key: see api_keys in the configuration of the server; the key that was sent has a line end at its end",
		`"` + good + `"`:  "no such API key: see api_keys in the configuration of the server; the key that was sent has a quote at its beginning or end",
		"key   " + good:   `the key that was sent begins with the word "key"`,
		"something else":  "no such API key: see api_keys in the configuration of the server; it is no ticket either",
		"eyJx.eyJx.wrong": "this is no valid ticket",
	} {
		_, err := answer(t, chain, methods("ticket"), sent)
		if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.Contains(failure.Message, says) || strings.Contains(failure.Message, "0123") {
			t.Errorf("%q: it says %q, want %q", sent, failure.Message, says)
		}
	}
	only := auth.NewChain(auth.ChainOptions{Tickets: newTickets(t, auth.TicketOptions{})})
	_, err := answer(t, only, methods("ticket"), "something else")
	if failure := refusedAs(t, err, wamp.ErrAuthenticationDenied); !strings.HasPrefix(failure.Message, "this is no valid ticket") {
		t.Errorf("without keys it says %q", failure.Message)
	}
}

func TestKeysAndSecretsThatWereCopiedBadlyAreRefused(t *testing.T) {
	const long = "0123456789abcdef0123456789abcdef0123456789"
	for _, flawed := range []string{long + "\n", " " + long, long + " ", `"` + long + `"`, "'" + long, "key   " + long, "a\tb" + long} {
		if _, err := auth.NewKeys([]auth.KeyOptions{{Name: "erp", Key: flawed}}); err == nil || strings.Contains(err.Error(), "0123") {
			t.Errorf("the key %q: %v", flawed, err)
		}
		if _, err := auth.NewTickets(auth.TicketOptions{Secrets: []string{flawed}, ReplayGuard: &memory{}}); err == nil || strings.Contains(err.Error(), "0123") {
			t.Errorf("the secret %q: %v", flawed, err)
		}
	}
	if _, err := auth.NewKeys([]auth.KeyOptions{{Name: "erp", Key: auth.Hash(long)}}); err == nil || !strings.Contains(err.Error(), "write it as hash") {
		t.Errorf("a hash as key: %v", err)
	}
	if _, err := auth.NewKeys([]auth.KeyOptions{{Name: "erp", Hash: auth.NewKey()}}); err == nil || !strings.Contains(err.Error(), "write it as key") {
		t.Errorf("a key as hash: %v", err)
	}
}
