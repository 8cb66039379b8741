package router_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func user(id, tenant, method string) *peer.Identity {
	return &peer.Identity{ID: id, Tenant: tenant, Method: method, Roles: []string{"staff"}}
}

// missed returns the numbers of the kept events that a page gets when it comes back.
func missed(t *testing.T, r *router.Router, p routertest.Page) (numbers string) {
	t.Helper()
	c := routertest.Join(t, r, p)
	c.Send(&wamp.Subscribe{Request: 1, Topic: "t", Options: wamp.Dict{"_last": 100}})
	synctest.Wait()
	for _, m := range c.Received() {
		event, ok := m.(*wamp.Event)
		if !ok {
			continue
		}
		var kwargs wamp.Dict
		if err := event.Payload.Decode(nil, &kwargs); err != nil {
			t.Fatal(err)
		}
		numbers += fmt.Sprint(kwargs["n"])
	}
	c.Lose()
	return numbers
}

// "Not to the page that caused it" and lists of sessions hold for later sessions of the same page of the same user, by
// whatever login, and for no other page.
func TestWhatWasNotOrOnlyForAPageIsSoAfterItCameBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{Journal: inMemory, Retention: keepHistory, Authorizer: authorizes(func(router.Request) (peer.Decision, error) { return peer.Decision{}, nil })})
		r.AddRealm("app")
		ann := routertest.Join(t, r, routertest.Page{Identity: user("ann", "acme", "ticket"), Tab: "tab1"})
		ben := routertest.Join(t, r, routertest.Page{Identity: user("ben", "acme", "ticket"), Tab: "tab2"})
		publish := func(n int, options wamp.Dict) {
			t.Helper()
			payload, err := wamp.NewPayload(nil, wamp.Dict{"n": n})
			if err != nil {
				t.Fatal(err)
			}
			ann.Send(&wamp.Publish{Request: wamp.ID(n), Topic: "t", Options: options, Payload: payload})
			synctest.Wait()
		}
		its := []any{int64(ben.Session().ID())}
		publish(1, wamp.Dict{}) // not to the page itself, nor are those with lists
		publish(2, wamp.Dict{"exclude_me": false})
		publish(3, wamp.Dict{"exclude": its})
		publish(4, wamp.Dict{"eligible": its})
		ann.Lose()
		ben.Lose()
		got := map[string]string{}
		for name, p := range map[string]routertest.Page{
			"ann":                             {Identity: user("ann", "acme", "cookie"), Tab: "tab1"},
			"ann, another tab":                {Identity: user("ann", "acme", "ticket"), Tab: "tab3"},
			"ann, no tab":                     {Identity: user("ann", "acme", "ticket")},
			"ann of another tenant, that tab": {Identity: user("ann", "globex", "ticket"), Tab: "tab1"},
			"ben":                             {Identity: user("ben", "acme", "wampcra"), Tab: "tab2"},
			"cid, the tab of ben":             {Identity: user("cid", "acme", "ticket"), Tab: "tab2"},
			"ben of another tenant, that tab": {Identity: user("ben", "globex", "ticket"), Tab: "tab2"},
			"ben without a tenant, that tab":  {Identity: user("ben", "", "ticket"), Tab: "tab2"},
			"an API key of that name":         {Identity: &peer.Identity{ID: "ben", Tenant: "acme", Backend: true, Key: "ben"}, Tab: "tab2"},
			"a visitor, that tab":             {Identity: user("anonymous-1", "", "anonymous"), Tab: "tab2"},
		} {
			got[name] = missed(t, r, p)
		}
		want := map[string]string{
			"ann": "2", "ann, another tab": "123", "ann, no tab": "123", "ann of another tenant, that tab": "123",
			"ben": "124", "cid, the tab of ben": "123", "ben of another tenant, that tab": "123", "ben without a tenant, that tab": "123",
			"an API key of that name": "123", "a visitor, that tab": "123",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
