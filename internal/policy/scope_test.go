package policy_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// deciding has a decider of each kind, and rules that allow everything.
const deciding = `
undeclared: allow
auth: {dynamic: {procedure: app.login}}
authorizer: {procedure: app.may, on: [publish]}
topics:
  order: {subscribe: "true", publish: "true", handler: {procedure: app.order.ask}}
procedures:
  app.login: {call: "true", register: "true"}
`

func registering(identity *peer.Identity, procedure wamp.URI, match wamp.Match) policy.Request {
	return policy.Request{Identity: identity, Action: peer.Register, URI: procedure, Match: match}
}

// The callee of such a procedure logs in as any user, and sees the passwords of users.
func TestOnlyAKeyThatMayDecideRegistersAProcedureThatDecides(t *testing.T) {
	p := open(t, deciding)
	for _, test := range []struct {
		procedure wamp.URI
		match     wamp.Match
		pattern   bool
	}{
		{"app.login", wamp.MatchExact, false},
		{"app.may", wamp.MatchExact, false},
		{"app.order.ask", wamp.MatchExact, false},
		{"app", wamp.MatchPrefix, true},
		{"app.lo", wamp.MatchPrefix, true},
		{"app.order.", wamp.MatchPrefix, true},
		{"app.", wamp.MatchWildcard, true},
		{".login", wamp.MatchWildcard, true},
		{"app..ask", wamp.MatchWildcard, true},
	} {
		for _, name := range []string{"presence", "issuer", "callee", "usurper", "judge", "callee and judge", "all"} {
			may := name == "all" || name == "callee and judge" || name == "judge" && !test.pattern
			_, err := p.Decide(t.Context(), registering(key(name), test.procedure, test.match))
			if may && err != nil {
				t.Errorf("the key %s, %s %q: %v", name, test.match, test.procedure, err)
			}
			if !may {
				refused(t, err, wamp.ErrNotAuthorized, "lacks the scope")
			}
		}
		for _, who := range []*peer.Identity{routertest.Person("ann"), {ID: "anonymous-1", Method: "anonymous"}, nil} {
			_, err := p.Decide(t.Context(), registering(who, test.procedure, test.match))
			refused(t, err, wamp.ErrNotAuthorized, `only an API key with the scope "decide"`)
		}
		for _, who := range []*peer.Identity{key("all"), key("usurping judge"), routertest.Person("ann")} {
			r := registering(who, test.procedure, test.match)
			r.Replaces = true
			_, err := p.Decide(t.Context(), r)
			refused(t, err, wamp.ErrNotAuthorized, "")
		}
	}
	for _, other := range []policy.Request{
		registering(routertest.Person("ann"), "app.logins", wamp.MatchExact),
		registering(routertest.Person("ann"), "app.order.ask.", wamp.MatchPrefix),
		registering(key("callee"), "app.order", wamp.MatchExact),
	} {
		if _, err := p.Decide(t.Context(), other); err != nil {
			t.Errorf("%s %q: %v", other.Match, other.URI, err)
		}
	}
}

// The answer has the keys and hashes of the user that the call names.
func TestOnlyAKeyThatMayDecideCallsTheProcedureOfLogins(t *testing.T) {
	p := open(t, deciding)
	call := func(who *peer.Identity, procedure wamp.URI) error {
		_, err := p.Decide(t.Context(), policy.Request{Identity: who, Action: peer.Call, URI: procedure})
		return err
	}
	for _, who := range []*peer.Identity{routertest.Person("ann"), nil, key("caller")} {
		refused(t, call(who, "app.login"), wamp.ErrNotAuthorized, `"decide"`)
		if err := call(who, "app.other"); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"all", "calling judge"} {
		if err := call(key(name), "app.login"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPatternNeedsTheScopesOfAllThatItCanMatch(t *testing.T) {
	p := open(t, shop+"undeclared: allow\n")
	for _, test := range []struct {
		key     string
		pattern wamp.URI
		match   wamp.Match
		text    string // "" if the subscription is allowed
	}{
		{"issuer", "free.", wamp.MatchPrefix, `"subscribe"`},
		{"sessions", "wamp.session.", wamp.MatchPrefix, `"subscribe"`},
		{"watcher", "free.", wamp.MatchPrefix, ""},
		{"watcher", "wamp.session.", wamp.MatchPrefix, `"sessions"`},
		{"watcher", "w", wamp.MatchPrefix, `"sessions"`},
		{"watcher of sessions", "wamp.session.", wamp.MatchPrefix, ""},
		{"watcher of sessions", "wamp.", wamp.MatchPrefix, `"topics"`},
		{"watcher of sessions", "wamp..on_create", wamp.MatchWildcard, `"topics"`},
		{"watcher of sessions", "wamp.session.", wamp.MatchWildcard, ""},
		{"watcher of all", "wamp.", wamp.MatchPrefix, ""},
		{"all", "wamp.", wamp.MatchPrefix, ""},
	} {
		_, err := p.Decide(t.Context(), policy.Request{Identity: key(test.key), Action: peer.Subscribe, URI: test.pattern, Match: test.match})
		if test.text == "" && err != nil {
			t.Errorf("%s, %s %q: %v", test.key, test.match, test.pattern, err)
		}
		if test.text != "" {
			refused(t, err, wamp.ErrNotAuthorized, test.text)
		}
	}
}

// callee joins and registers a procedure by force; it returns what came of it.
func (p *running) callee(t *testing.T, identity *peer.Identity, procedure wamp.URI, options wamp.Dict) wamp.Message {
	t.Helper()
	page := routertest.Join(t, p.router, routertest.Page{Identity: identity})
	page.Send(&wamp.Register{Request: 1, Options: options, Procedure: procedure})
	return page.Next()
}

func TestAProcedureIsTakenByForceOnlyFromTheSameUserOrWithTheScope(t *testing.T) {
	force := wamp.Dict{"force_reregister": true}
	for name, test := range map[string]struct {
		holder, taker *peer.Identity
		taken         bool
	}{
		"another key":                 {key("callee"), key("callee and judge"), false},
		"a key with the scope":        {key("callee"), key("usurper"), true},
		"a key that may everything":   {key("callee"), key("all"), true},
		"the same key":                {key("callee"), key("callee"), true},
		"the same user":               {routertest.Person("ann"), routertest.Person("ann"), true},
		"another user":                {routertest.Person("ann"), routertest.Person("ben"), false},
		"a user, from a key":          {key("ann"), routertest.Person("ann"), false},
		"a user of another tenant":    {routertest.Person("ann"), &peer.Identity{ID: "ann", Tenant: "other"}, false},
		"a key from a user":           {routertest.Person("ann"), key("callee"), false},
		"a key with it, from a user":  {routertest.Person("ann"), key("usurper"), true},
		"a key without any, its name": {key("usurper"), key("issuer"), false},
	} {
		p := open(t, "undeclared: allow")
		if first := p.callee(t, test.holder, "shop.x", wamp.Dict{"invoke": "roundrobin"}); first.Code() != (&wamp.Registered{}).Code() {
			t.Fatalf("%s: the first registration: %+v", name, first)
		}
		got := p.callee(t, test.taker, "shop.x", force)
		if _, taken := got.(*wamp.Registered); taken != test.taken {
			t.Errorf("%s: %+v", name, got)
		}
		held, ok := p.realm.Registration("shop.x", wamp.MatchExact)
		if !ok || len(held.Callees) != 1 || test.taken == (held.Callees[0].Identity() == test.holder) {
			t.Errorf("%s: it is held by %+v", name, held)
		}
	}
}

// A shared registration would get some of the calls.
func TestAProcedureThatDecidesIsNotShared(t *testing.T) {
	p := open(t, deciding)
	shared := wamp.Dict{"invoke": "random"}
	if first := p.callee(t, key("judge"), "app.login", shared); first.Code() != (&wamp.Registered{}).Code() {
		t.Fatalf("%+v", first)
	}
	for _, who := range []*peer.Identity{key("callee"), key("usurper"), routertest.Person("ann")} {
		if _, refused := p.callee(t, who, "app.login", shared).(*wamp.Error); !refused {
			t.Errorf("%s joined it", who.ID)
		}
	}
}
