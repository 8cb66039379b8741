package policy_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func at(line, column int) config.Pos {
	return config.Pos{File: "test.yaml", Line: line, Column: column}
}

func TestAnExplanationNamesTheRuleItsPlaceAndWhatTheRuleSaw(t *testing.T) {
	schema := filepath.Join(t.TempDir(), "text.json")
	if err := os.WriteFile(schema, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := open(t, `
topics:
  order.{id:int}: {subscribe: '"staff" in identity.roles', publish: backend}
  talk: {subscribe: "true", publish: "true"}
  text: {publish: "true", payload: {schema: `+schema+`}}
`)
	if err := p.Handle("talk", hook.Functions{Publish: func(context.Context, *hook.Query) (*wamp.Payload, error) {
		return nil, hook.Refused("closed")
	}}); err != nil {
		t.Fatal(err)
	}
	ann := &peer.Identity{ID: "ann", Roles: []string{"guest"}}
	for _, test := range []struct {
		request policy.Request
		refusal string
		want    policy.Reason
	}{
		{
			policy.Request{Identity: ann, Action: peer.Subscribe, URI: "order.42"},
			"ann (role guest) may not subscribe",
			policy.Reason{
				Step: policy.StepContract, Contract: "order.{id:int}", Field: "subscribe", Rule: `"staff" in identity.roles`,
				Pos: at(3, 31), Params: map[string]string{"id": "42"}, Identity: ann,
			},
		},
		{
			policy.Request{Identity: ann, Action: peer.Subscribe, URI: "order.", Match: wamp.MatchPrefix},
			"it also matches order.{id:int}",
			policy.Reason{
				Step: policy.StepContract, Contract: "order.{id:int}", Field: "subscribe", Rule: `"staff" in identity.roles`,
				Pos: at(3, 31), Params: map[string]string{}, Identity: ann,
			},
		},
		{
			policy.Request{Action: peer.Register, URI: "order.42"},
			"is not declared",
			policy.Reason{Step: policy.StepContract},
		},
		{
			policy.Request{Action: peer.Publish, URI: "white space"}, "white space", policy.Reason{Step: policy.StepURI},
		},
		{
			policy.Request{Identity: key("issuer"), Action: peer.Publish, URI: "talk"},
			"lacks the scope",
			policy.Reason{Step: policy.StepScope, Rule: "publish", Identity: key("issuer")},
		},
		{
			policy.Request{Identity: ann, Action: peer.Publish, URI: "talk"},
			"closed",
			policy.Reason{Step: policy.StepHook, Contract: "talk", Field: "publish", Rule: "true", Pos: at(4, 38), Identity: ann},
		},
		{
			policy.Request{Identity: ann, Action: peer.Publish, URI: "text"},
			"the schema of text",
			policy.Reason{Step: policy.StepContract, Contract: "text", Field: "schema", Rule: schema, Pos: at(5, 45), Identity: ann},
		},
		{
			policy.Request{Identity: ann, Action: peer.Subscribe, URI: "talk"},
			"",
			policy.Reason{Step: policy.StepContract, Contract: "talk", Field: "subscribe", Rule: "true", Pos: at(4, 21), Identity: ann},
		},
		{
			policy.Request{Identity: ann, Action: peer.Subscribe, URI: "tidings.thing.7"},
			"",
			policy.Reason{
				Step: policy.StepContract, Contract: "tidings.thing.{id:int}", Field: "subscribe", Rule: "true",
				Params: map[string]string{"id": "7"}, Identity: ann,
			},
		},
	} {
		got := p.Explain(t.Context(), test.request)
		if (got.Refusal == nil) != (test.refusal == "") || got.Refusal != nil && !strings.Contains(got.Refusal.Error(), test.refusal) {
			t.Errorf("%s: the refusal is %v", test.request.URI, got.Refusal)
		}
		if test.want.Contract != "" {
			test.want.Place = "topics: " + test.want.Contract + ": " + strings.Replace(test.want.Field, "schema", "payload: schema", 1)
		}
		if strings.HasPrefix(test.want.Contract, "tidings.") { // the configuration has no part of it
			test.want.Place = test.want.Contract
		}
		if diff := cmp.Diff(test.want, got.Reason); diff != "" {
			t.Errorf("%s: another reason (-want +got):\n%s", test.request.URI, diff)
		}
	}
}

func TestARefusalIsLoggedWithItsReason(t *testing.T) {
	var log bytes.Buffer
	p := policy.New(policy.Options{
		Contracts: contracts(t, shop), Keys: scopes, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	r := router.New(router.Options{Authorizer: p})
	if err := p.Open(r.AddRealm("app")); err != nil {
		t.Fatal(err)
	}
	session := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "ann", Claims: map[string]any{"secret": "hush"}}}).Session()
	if _, err := p.Authorize(t.Context(), router.Request{Session: session, Action: peer.Subscribe, URI: "order.42"}); err == nil {
		t.Error("it is allowed")
	}
	for _, part := range []string{
		`msg="request refused"`, "action=subscribe", "uri=order.42", `reason.place="topics: order.{id:int}: subscribe"`, "session=",
		"reason.position=test.yaml:3:31", "reason.params=map[id:42]", "reason.user=ann",
	} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %s: %s", part, log.String())
		}
	}
	if strings.Contains(log.String(), "hush") {
		t.Error("the log has a claim")
	}
}

func TestADecisionOfTheExternalAuthorizerHoldsAsLongAsItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		p := open(t, `
authorizer: {procedure: app.authorize, cache: 1h}
procedures: {app.authorize: {register: backend}}
`)
		_, err := p.realm.Register(router.LocalProcedure{Procedure: "app.authorize", Handler: func(context.Context, router.LocalInvocation) (wamp.Payload, error) {
			asked++
			return wamp.PayloadFromJSON(nil, []byte(`{"allow":true,"cache":60}`))
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.run(t)()
		got := p.Explain(t.Context(), policy.Request{Action: peer.Publish, URI: "free"})
		if got.Refusal != nil || got.Reason.Step != policy.StepExternal || !got.Cacheable || time.Until(got.Until) != time.Minute {
			t.Errorf("got %+v", got)
		}
		c := routertest.Join(t, p.router, routertest.Page{Identity: routertest.Person("ann")})
		publish := func(want int) {
			t.Helper()
			before := asked
			c.Publish("free", nil, nil)
			if asked-before != want {
				t.Errorf("it was asked %d times instead of %d", asked-before, want)
			}
		}
		publish(1)
		publish(0)
		time.Sleep(time.Minute)
		publish(1)
		publish(0)
		if _, err := p.realm.Call(t.Context(), router.CallRequest{Procedure: "tidings.authorizer.forget"}); err != nil {
			t.Fatal(err)
		}
		publish(1)
	})
}
