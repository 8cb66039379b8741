package hook_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func ask(t *testing.T, c *hook.Cache, q hook.Query) hook.Decision {
	t.Helper()
	decision, err := c.Decide(t.Context(), &q)
	if err != nil {
		t.Fatal(err)
	}
	return decision
}

func cacheOf(size int, decision hook.Decision) (cache *hook.Cache, asked *int) {
	asked = new(int)
	return hook.NewCache(hook.CacheOptions{TTL: time.Minute, Size: size, Decider: decides(func(context.Context, *hook.Query) (hook.Decision, error) {
		*asked++
		return decision, nil
	})}), asked
}

func TestADecisionIsKeptAsLongAsBothSidesAllow(t *testing.T) {
	for _, test := range []struct{ says, holds time.Duration }{
		{0, 0}, {10 * time.Second, 10 * time.Second}, {time.Hour, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			cache, asked := cacheOf(10, hook.Decision{Allow: true, Cache: test.says})
			r := hook.Query{Topic: "a.b", Identity: &peer.Identity{ID: "ann"}}
			if d := ask(t, cache, r); d.Until.IsZero() != (test.holds == 0) || test.holds > 0 && time.Until(d.Until) != test.holds {
				t.Errorf("%s: it holds until %s", test.says, d.Until)
			}
			if test.holds > 0 {
				time.Sleep(test.holds - time.Nanosecond)
				if ask(t, cache, r); *asked != 1 {
					t.Errorf("%s: asked again too early", test.says)
				}
				time.Sleep(time.Nanosecond)
			}
			if ask(t, cache, r); *asked != 2 {
				t.Errorf("%s: asked %d times", test.says, *asked)
			}
		})
	}
}

func TestADecisionIsForOneQueryOnly(t *testing.T) {
	cache, asked := cacheOf(100, hook.Decision{Allow: true, Cache: time.Minute})
	ann := &peer.Identity{ID: "ann", Roles: []string{"staff"}}
	queries := []hook.Query{
		{Topic: "a.b", Identity: ann},
		{Topic: "a.c", Identity: ann},
		{Topic: "a.b", Identity: ann, Action: peer.Publish},
		{Topic: "a.b", Identity: ann, Match: wamp.MatchPrefix},
		{Topic: "a.b", Identity: &peer.Identity{ID: "ann", Roles: []string{"staff", "admin"}}},
		{Topic: "a.b", Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}, Tenant: "acme"}},
		{Topic: "a.b", Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}, Claims: map[string]any{"x": 1}}},
		{Topic: "a.b", Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}, Method: "anonymous"}},
		{Topic: "a.b", Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}, Key: "erp"}},
		{Topic: "a.b"},
	}
	for range 2 {
		for _, r := range queries {
			ask(t, cache, r)
		}
	}
	if *asked != len(queries) {
		t.Errorf("asked %d times, not %d", *asked, len(queries))
	}
}

func TestRefusalsAreKept(t *testing.T) {
	cache, asked := cacheOf(10, hook.Decision{Reason: "no", Cache: time.Minute})
	for range 3 {
		if decision := ask(t, cache, hook.Query{Topic: "a"}); decision.Allow || decision.Reason != "no" {
			t.Errorf("it says %+v", decision)
		}
	}
	if *asked != 1 {
		t.Errorf("asked %d times", *asked)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	cache, asked := cacheOf(2, hook.Decision{Allow: true, Cache: time.Minute})
	for _, topic := range []wamp.URI{"a", "b", "a", "c", "a", "b"} { // c evicts b, which was used before a
		ask(t, cache, hook.Query{Topic: topic})
	}
	if cache.Len() != 2 || *asked != 4 {
		t.Errorf("%d are kept, asked %d times", cache.Len(), *asked)
	}
}

func TestADecisionOnItsWayWhenForgetIsCalledIsNotKept(t *testing.T) {
	var cache *hook.Cache
	asked := 0
	cache = hook.NewCache(hook.CacheOptions{TTL: time.Minute, Size: 10, Decider: decides(func(context.Context, *hook.Query) (hook.Decision, error) {
		if asked++; asked == 1 {
			cache.Forget() // while the decision is on its way
		}
		return hook.Decision{Allow: true, Cache: time.Minute}, nil
	})})
	r := hook.Query{Topic: "a"}
	ask(t, cache, r)
	ask(t, cache, r)
	ask(t, cache, r)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	cache.Forget()
	if ask(t, cache, r); asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestNeitherErrorsNorPayloadsAreKept(t *testing.T) {
	other := payload(t, `["other"]`, "")
	cache, asked := cacheOf(10, hook.Decision{Allow: true, Payload: &other, Cache: time.Minute})
	ask(t, cache, hook.Query{Topic: "a"})
	ask(t, cache, hook.Query{Topic: "a"})
	if *asked != 2 {
		t.Errorf("asked %d times", *asked)
	}
	failing := hook.NewCache(hook.CacheOptions{TTL: time.Minute, Size: 10, Decider: decides(func(context.Context, *hook.Query) (hook.Decision, error) {
		return hook.Decision{Cache: time.Minute}, errors.New("broken")
	})})
	if _, err := failing.Decide(t.Context(), &hook.Query{Topic: "a"}); err == nil || failing.Len() != 0 {
		t.Errorf("got %v, kept %d", err, failing.Len())
	}
}
