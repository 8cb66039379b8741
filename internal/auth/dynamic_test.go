package auth_test

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/wamp"
)

// source is a user source with one answer. It keeps the last query.
type source struct {
	asked  map[string]any
	times  int
	answer func(ctx context.Context) (string, error)
}

func (o *source) Exchange(ctx context.Context, query []byte) ([]byte, error) {
	o.times++
	o.asked = nil
	if err := json.Unmarshal(query, &o.asked); err != nil {
		return nil, err
	}
	text, err := o.answer(ctx)
	return []byte(text), err
}

func says(text string) *source {
	return &source{answer: func(context.Context) (string, error) { return text, nil }}
}

func dynamicChain(o *source, users *auth.Users) *auth.Chain {
	return auth.NewChain(auth.ChainOptions{
		Users: users, Dynamic: auth.NewDynamic(auth.DynamicOptions{Source: o}), Anonymous: auth.NewAnonymous("visitor"),
	})
}

// knowsAnn returns the answer of a user source that has the user ann.
func knowsAnn(t *testing.T) string {
	t.Helper()
	o := ann(t)
	text, err := json.Marshal(map[string]any{
		"allow":    true,
		"identity": map[string]any{"id": "42", "name": "Ann", "roles": []string{"staff"}, "tenant": "acme", "claims": map[string]any{"n": 9007199254740993}},
		"wampcra":  map[string]any{"key": o.CRA.Key, "salt": o.CRA.Salt, "iterations": o.CRA.Iterations, "keylen": o.CRA.KeyLen},
		"scram": map[string]any{
			"salt": o.SCRAM.Salt, "kdf": o.SCRAM.KDF, "iterations": o.SCRAM.Iterations, "memory": o.SCRAM.Memory,
			"stored_key": o.SCRAM.StoredKey, "server_key": o.SCRAM.ServerKey,
		},
		"cryptosign": o.Keys, "future": "ignored",
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheUserSourceSuppliesUsersForEveryMethod(t *testing.T) {
	for _, method := range secretMethods {
		t.Run(method, func(t *testing.T) {
			o := says(knowsAnn(t))
			outcome := begin(t, dynamicChain(o, nil), honest.hello(method))
			outcome, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge))
			if err != nil {
				t.Fatal(err)
			}
			i := outcome.Identity
			if i.ID != "42" || i.Role() != "staff" || i.Tenant != "acme" || i.Provider != "dynamic" || i.Method != method || i.Backend || i.Claims["n"] != int64(9007199254740993) {
				t.Errorf("it is %+v", i)
			}
			if o.asked["method"] != method || o.asked["authid"] != "ann" || o.asked["realm"] != "app" || o.times != 1 {
				t.Errorf("the user source was asked %d times: %v", o.times, o.asked)
			}
			if ticket, shown := o.asked["ticket"]; shown != (method == "ticket") || shown && ticket != password {
				t.Errorf("the user source got the ticket %v", ticket)
			}
		})
	}
}

func TestAnAnswerOfTheUserSourceDoesNotReplaceTheProof(t *testing.T) {
	for _, method := range []string{"wampcra", "wamp-scram", "cryptosign"} {
		p := player{"ann", "wrong", ed25519.NewKeyFromSeed(make([]byte, 32))}
		outcome := begin(t, dynamicChain(says(knowsAnn(t)), nil), p.hello(method))
		_, err := outcome.Next(t.Context(), p.answer(t, outcome.Challenge))
		refusedAs(t, err, wamp.ErrAuthenticationDenied)
	}
}

func TestTheUserSourceMayRefuse(t *testing.T) {
	for _, method := range secretMethods {
		outcome := begin(t, dynamicChain(says(`{"allow": false, "reason": "on leave"}`), nil), honest.hello(method))
		_, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge))
		failure := refusedAs(t, err, wamp.ErrAuthenticationDenied)
		// A client that has sent a ticket gets the reason. A challenge hides it, so that strangers cannot find
		// out which users exist.
		if told := strings.Contains(failure.Message, "on leave"); told != (method == "ticket") {
			t.Errorf("%s: it says %q", method, failure.Message)
		}
	}
}

func TestAUserWithoutTheCredentialOfTheMethodIsRefused(t *testing.T) {
	for _, method := range []string{"wampcra", "wamp-scram", "cryptosign"} {
		outcome := begin(t, dynamicChain(says(`{"allow": true}`), nil), honest.hello(method))
		_, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge))
		refusedAs(t, err, wamp.ErrAuthenticationDenied)
	}
}

func TestAUserOfTheConfigurationIsNotLookedUp(t *testing.T) {
	users := auth.NewUsers()
	o := ann(t)
	o.SCRAM = nil
	if err := users.Add(o); err != nil {
		t.Fatal(err)
	}
	asked := says(`{"allow": true, "identity": {"roles": ["admin"]}}`)
	chain := dynamicChain(asked, users)
	for _, method := range secretMethods {
		outcome := begin(t, chain, honest.hello(method))
		outcome, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge))
		if method == "wamp-scram" { // the user has no such credential
			refusedAs(t, err, wamp.ErrAuthenticationDenied)
			continue
		}
		if err != nil || outcome.Identity.Provider != "static" {
			t.Errorf("%s: %+v, %v", method, outcome.Identity, err)
		}
	}
	if asked.times != 0 {
		t.Errorf("the user source was asked %v", asked.asked)
	}
}

func TestWithoutAUsableAnswerTheLoginFailsAndNoOtherMethodIsTried(t *testing.T) {
	for name, o := range map[string]*source{
		"an error":     {answer: func(context.Context) (string, error) { return "", errors.New("broken") }},
		"no JSON":      says("yes"),
		"no decision":  says("{}"),
		"a wrong type": says(`{"allow": "true"}`),
		"no secret":    says(`{"allow": true, "wampcra": {"key": "short"}}`),
		"bad roles":    says(`{"allow": true, "identity": {"roles": ["\u0000"]}}`),
		"a bad key":    says(`{"allow": true, "cryptosign": ["00"]}`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dynamicChain(o, nil).Authenticate(t.Context(), honest.hello("wampcra"))
			failure := refusedAs(t, err, wamp.ErrAuthenticationFailed)
			if strings.Contains(failure.Message, "short") || strings.Contains(failure.Message, "broken") {
				t.Errorf("it says %q", failure.Message)
			}
		})
	}
}

func TestAQueryOfTheUserSourceTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &source{answer: func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }}
		began := time.Now()
		_, err := dynamicChain(o, nil).Authenticate(t.Context(), honest.hello("wampcra"))
		refusedAs(t, err, wamp.ErrAuthenticationFailed)
		if took := time.Since(began); took != auth.DefaultDynamicTimeout {
			t.Errorf("it took %s", took)
		}
	})
}

func TestTheNumberOfPendingQueriesIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		o := &source{answer: func(context.Context) (string, error) { <-release; return `{"allow": false}`, nil }}
		chain := auth.NewChain(auth.ChainOptions{Dynamic: auth.NewDynamic(auth.DynamicOptions{Source: o, MaxInFlight: 1})})
		go chain.Authenticate(t.Context(), honest.hello("wampcra"))
		synctest.Wait()
		_, err := chain.Authenticate(t.Context(), honest.hello("wampcra"))
		refusedAs(t, err, wamp.ErrAuthenticationFailed)
		close(release)
	})
}

func TestALongHelloIsNotPassedToTheUserSource(t *testing.T) {
	o := says(knowsAnn(t))
	h := honest.hello("wampcra")
	h.Details["authextra"] = wamp.Dict{"x": strings.Repeat("x", 1<<20)}
	outcome := begin(t, dynamicChain(o, nil), h)
	if _, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge)); err == nil || o.times != 0 {
		t.Errorf("the user source was asked %d times: %v", o.times, err)
	}
}

func TestCryptosignWithoutAnAuthIDLooksTheUserUpByTheKey(t *testing.T) {
	o := says(knowsAnn(t))
	h := honest.hello("cryptosign")
	delete(h.Details, "authid")
	outcome := begin(t, dynamicChain(o, nil), h)
	if _, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge)); err != nil {
		t.Fatal(err)
	}
	extra, _ := o.asked["details"].(map[string]any)["authextra"].(map[string]any)
	if extra["pubkey"] != hex.EncodeToString(annsKey.Public().(ed25519.PublicKey)) {
		t.Errorf("the user source was asked %v", o.asked)
	}
}
