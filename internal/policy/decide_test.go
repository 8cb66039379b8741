package policy_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

const shop = `
topics:
  order.{id:int}: {subscribe: '"staff" in identity.roles', publish: backend}
  talk: {subscribe: "true", publish: "true"}
procedures:
  shop.reserve: {call: backend, register: backend}
`

func publishing(identity *peer.Identity, topic wamp.URI) policy.Request {
	return policy.Request{Identity: identity, Action: peer.Publish, URI: topic, Match: wamp.MatchExact}
}

func TestAScopeIsCheckedBeforeTheContract(t *testing.T) {
	p := open(t, shop)
	for _, test := range []struct {
		key    string
		action peer.Action
		uri    wamp.URI
		text   string // "" if the request is allowed
	}{
		{"all", peer.Publish, "order.1", ""},
		{"publisher", peer.Publish, "order.1", ""},
		{"publisher", peer.Publish, "undeclared", "is not declared"},
		{"publisher", peer.Publish, "tidings.things", `lacks the scope "content"`},
		{"issuer", peer.Publish, "undeclared", `lacks the scope "publish"`},
		{"issuer", peer.Call, "shop.reserve", `lacks the scope "call"`},
		{"publisher", peer.Call, "wamp.session.kill_all", `lacks the scope "sessions"`},
		{"all", peer.Call, "wamp.session.kill_all", ""},
		{"issuer", peer.Register, "shop.reserve", `lacks the scope "register"`},
		{"callee", peer.Register, "shop.reserve", ""},
		{"issuer", peer.Subscribe, "talk", `lacks the scope "subscribe"`},
		{"watcher", peer.Subscribe, "talk", ""},
		{"watcher", peer.Subscribe, "wamp.session.on_join", `lacks the scope "sessions"`},
		{"watcher", peer.Subscribe, "wamp.registration.on_create", `lacks the scope "topics"`},
		{"watcher", peer.Call, "wamp.session.list", `lacks the scope "sessions"`},
		{"watcher", peer.Call, "wamp.session.count", `lacks the scope "sessions"`},
		{"watcher", peer.Call, "wamp.subscription.list", `lacks the scope "topics"`},
		{"watcher", peer.Call, "wamp.registration.count_callees", `lacks the scope "topics"`},
		{"topics", peer.Call, "wamp.subscription.remove_subscriber", `lacks the scope "sessions"`},
		{"topics", peer.Call, "wamp.registration.remove_callee", `lacks the scope "sessions"`},
		{"issuer", peer.Call, "wamp.subscription.get_events", `lacks the scope "subscribe"`},
		{"watcher", peer.Call, "wamp.subscription.get_events", ""},
		{"watcher", peer.Call, "wamp.session.add_testament", `lacks the scope "publish"`},
		{"publisher", peer.Call, "wamp.session.add_testament", ""},
		{"sessions", peer.Call, "wamp.session.list", ""},
		{"sessions", peer.Subscribe, "wamp.session.on_leave", ""},
		{"topics", peer.Call, "wamp.registration.match", ""},
		{"topics", peer.Subscribe, "wamp.subscription.on_create", ""},
	} {
		_, err := p.Decide(t.Context(), policy.Request{Identity: key(test.key), Action: test.action, URI: test.uri})
		if test.text == "" && err != nil {
			t.Errorf("%s %s %s: %v", test.key, test.action, test.uri, err)
		}
		if test.text != "" {
			refused(t, err, wamp.ErrNotAuthorized, test.text)
		}
	}
}

func TestSessionsAndRequestsWithoutASessionAreDecidedAlike(t *testing.T) {
	p := open(t, shop)
	session := routertest.Join(t, p.router, routertest.Page{Identity: key("publisher")}).Session()
	for _, topic := range []wamp.URI{"order.1", "order.x", "talk", "tidings.things", "tidings.thing.1", "undeclared"} {
		_, one := p.Decide(t.Context(), publishing(key("publisher"), topic))
		_, other := p.Authorize(t.Context(), router.Request{Session: session, Action: peer.Publish, URI: topic})
		if (one == nil) != (other == nil) || one != nil && one.Error() != other.Error() {
			t.Errorf("%s: %v and %v", topic, one, other)
		}
	}
}

func TestTheURIOfARequestWithoutASessionIsChecked(t *testing.T) {
	p := open(t, "undeclared: allow")
	_, err := p.Decide(t.Context(), publishing(nil, "white space"))
	refused(t, err, wamp.ErrInvalidURI, "")
}

func TestTheProgramNeedsADeclarationAndTheSchemaOnly(t *testing.T) {
	folder := t.TempDir()
	schema := filepath.Join(folder, "text.json")
	if err := os.WriteFile(schema, []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := open(t, "topics: {text: {payload: {schema: "+schema+"}}}")
	if err := p.Handle("text", hook.Functions{Publish: func(context.Context, *hook.Query) (*wamp.Payload, error) {
		return nil, hook.Refused("closed")
	}}); err != nil {
		t.Fatal(err)
	}
	publish := func(topic wamp.URI, argument any) error {
		payload, err := wamp.NewPayload([]any{argument}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Decide(t.Context(), policy.Request{Action: peer.Publish, URI: topic, Payload: payload, Program: true})
		return err
	}
	if err := publish("text", "a"); err != nil {
		t.Error(err)
	}
	refused(t, publish("text", 42), wamp.ErrInvalidArgument, "schema")
	refused(t, publish("other", "a"), wamp.ErrNotAuthorized, "is not declared")
	if err := publish("tidings.things", "a"); err != nil {
		t.Error(err)
	}
}

func TestOnlyADecisionOfARuleIsCacheable(t *testing.T) {
	p := open(t, shop+"authorizer: {webhook: 'http://127.0.0.1:1/', on: [call]}\n")
	if err := p.Handle("talk", hook.Functions{Publish: func(context.Context, *hook.Query) (*wamp.Payload, error) { return nil, nil }}); err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[wamp.URI]bool{"order.1": true, "talk": false} {
		decision, err := p.Decide(t.Context(), publishing(key("all"), topic))
		if err != nil || decision.Cacheable != want {
			t.Errorf("%s: %+v, %v", topic, decision, err)
		}
	}
}

func TestAHookDecidesOnWhatTheExternalAuthorizerReplaced(t *testing.T) {
	p := open(t, `
topics: {talk: {publish: "true"}}
authorizer: {procedure: app.authorize, about: everything, on: [publish]}
procedures: {app.authorize: {register: backend}}
`)
	_, err := p.realm.Register(router.LocalProcedure{Procedure: "app.authorize", Handler: func(context.Context, router.LocalInvocation) (wamp.Payload, error) {
		return wamp.PayloadFromJSON(nil, []byte(`{"allow":true,"args":["external"]}`))
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Handle("talk", hook.Functions{Publish: func(_ context.Context, q *hook.Query) (*wamp.Payload, error) {
		if string(q.Payload.Args) != `["external"]` {
			return nil, hook.Refused("the hook was asked about " + string(q.Payload.Args))
		}
		return nil, nil
	}}); err != nil {
		t.Fatal(err)
	}
	decision, err := p.Decide(t.Context(), publishing(key("all"), "talk"))
	if err != nil || decision.Payload == nil || string(decision.Payload.Args) != `["external"]` {
		t.Errorf("got %+v, %v", decision, err)
	}
}

func TestAContractHasOneHandler(t *testing.T) {
	p := open(t, shop+"  other.proc: {call: backend}\n")
	functions := hook.Functions{Subscribe: func(context.Context, *hook.Query) error { return errors.New("broken") }}
	for pattern, ok := range map[string]bool{"talk": true, "window": false, "shop.reserve": false} {
		if err := p.Handle(pattern, functions); (err == nil) != ok {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	if err := p.Handle("talk", functions); err == nil {
		t.Error("a contract has two handlers")
	}
	if err := p.Handle("order.{id:int}", hook.Functions{}); err == nil {
		t.Error("a handler has no function")
	}
	_, err := p.Decide(t.Context(), policy.Request{Action: peer.Subscribe, URI: "talk"})
	refused(t, err, wamp.ErrAuthorizationFailed, "gave no answer")
	// A hook decides over single topics, so patterns are refused since Handle.
	_, err = p.Decide(t.Context(), policy.Request{Action: peer.Subscribe, URI: "tal", Match: wamp.MatchPrefix})
	refused(t, err, wamp.ErrNotAuthorized, "whose handler decides over single topics")
}

func TestContractsAreListedWithTheirHandlerButHiddenOnesAreNot(t *testing.T) {
	p := open(t, shop)
	if err := p.Handle("talk", hook.Functions{Publish: func(context.Context, *hook.Query) (*wamp.Payload, error) { return nil, nil }}); err != nil {
		t.Fatal(err)
	}
	found := patterns(p)
	for pattern, listed := range map[string]bool{"talk": true, "tidings.thing.{id:int}": true, "shop.reserve": true, "tidings.thing.see": false} {
		if slices.Contains(found, pattern) != listed {
			t.Errorf("%s in %v is not %t", pattern, found, listed)
		}
	}
	for _, c := range p.Contracts() {
		if c.Pattern == "talk" && (c.Handler != "function" || c.Source != "test.yaml:4:3" || c.Rules["publish"] != "true") {
			t.Errorf("%+v", c)
		}
	}
	r := router.New(router.Options{})
	r.AddRealm("app")
	staff := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}}}).Session()
	guest := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "guest"}}).Session()
	if !p.RuleAllows(staff, peer.Call, "tidings.thing.see") || p.RuleAllows(guest, peer.Call, "tidings.thing.see") {
		t.Error("the rule of the hidden contract does not decide")
	}
}

func TestThePolicyForSlowClientsIsThatOfTheContract(t *testing.T) {
	if got := open(t, shop).Slow()("talk"); got != (outbox.Slow{}) {
		t.Errorf("without a policy it is %+v", got)
	}
	slow := open(t, `topics: {'price.{symbol}': {slow: latest}, 'quick.{symbol}': {slow: {policy: latest, rate: 50}}, feed: {slow: gap}, news: {slow: close}}`).Slow()
	for uri, want := range map[wamp.URI]outbox.Slow{
		"price.gold": {Policy: outbox.SlowLatest, Interval: 100 * time.Millisecond},
		"quick.gold": {Policy: outbox.SlowLatest, Interval: 20 * time.Millisecond},
		"feed":       {Policy: outbox.SlowGap},
		"news":       {}, "undeclared": {},
	} {
		if got := slow(uri); got != want {
			t.Errorf("%s has %+v, want %+v", uri, got, want)
		}
	}
}

func TestTopicsOfTheServerAreKeptWhetherTheConfigurationKeepsSomeOrNot(t *testing.T) {
	for _, yaml := range []string{shop, `topics: {talk: {keep: 2}}`} {
		if got := open(t, yaml).Retention()("tidings.thing.7"); got.Keep.Last != 5 || got.Contract != "tidings.thing.{id:int}" {
			t.Errorf("with %s: %+v", yaml, got)
		}
	}
}

func TestRetentionIsThatOfTheContract(t *testing.T) {
	if got := open(t, shop).Retention()("talk"); got != (publication.Retention{}) {
		t.Errorf("without a retention it is %+v", got)
	}
	keep := open(t, `topics: {'price.{symbol}': {keep: {last: 2}}, news: {publish: backend}}`).Retention()
	if got := keep("price.gold"); got != (publication.Retention{Keep: publication.Keep{Last: 2}, Contract: "price.{symbol}"}) {
		t.Errorf("got %+v", got)
	}
	if keep("news") != (publication.Retention{}) || keep("undeclared") != (publication.Retention{}) {
		t.Error("something is kept that no contract keeps")
	}
}
