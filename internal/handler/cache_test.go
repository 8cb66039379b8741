package handler_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/handler"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

func ask(t *testing.T, c *handler.Cache, r handler.Request) handler.Answer {
	t.Helper()
	answer, err := c.Ask(t.Context(), &r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func cacheOf(size int, answer handler.Answer) (cache *handler.Cache, asked *int) {
	asked = new(int)
	return handler.NewCache(handler.CacheOptions{TTL: time.Minute, Size: size, Asker: asks(func(context.Context, *handler.Request) (handler.Answer, error) {
		*asked++
		return answer, nil
	})}), asked
}

func TestAnAnswerIsKeptAsLongAsBothSidesAllow(t *testing.T) {
	for _, test := range []struct{ says, holds time.Duration }{
		{0, 0}, {10 * time.Second, 10 * time.Second}, {time.Hour, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			cache, asked := cacheOf(10, handler.Answer{Allow: true, Cache: test.says})
			r := handler.Request{Topic: "a.b", Identity: &router.Identity{ID: "ann"}}
			ask(t, cache, r)
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

func TestAnAnswerIsForOneQuestionOnly(t *testing.T) {
	cache, asked := cacheOf(100, handler.Answer{Allow: true, Cache: time.Minute})
	ann := &router.Identity{ID: "ann", Roles: []string{"staff"}}
	questions := []handler.Request{
		{Topic: "a.b", Identity: ann},
		{Topic: "a.c", Identity: ann},
		{Topic: "a.b", Identity: ann, Action: router.Publish},
		{Topic: "a.b", Identity: ann, Match: wamp.MatchPrefix},
		{Topic: "a.b", Identity: &router.Identity{ID: "ann", Roles: []string{"staff", "admin"}}},
		{Topic: "a.b", Identity: &router.Identity{ID: "ann", Roles: []string{"staff"}, Tenant: "acme"}},
		{Topic: "a.b", Identity: &router.Identity{ID: "ann", Roles: []string{"staff"}, Claims: map[string]any{"x": 1}}},
		{Topic: "a.b", Identity: &router.Identity{ID: "ann", Roles: []string{"staff"}, Method: "anonymous"}},
		{Topic: "a.b", Identity: &router.Identity{ID: "ann", Roles: []string{"staff"}, Key: "erp"}},
		{Topic: "a.b"},
	}
	for range 2 {
		for _, r := range questions {
			ask(t, cache, r)
		}
	}
	if *asked != len(questions) {
		t.Errorf("asked %d times, not %d", *asked, len(questions))
	}
}

func TestRefusalsAreKeptToo(t *testing.T) {
	cache, asked := cacheOf(10, handler.Answer{Reason: "no", Cache: time.Minute})
	for range 3 {
		if answer := ask(t, cache, handler.Request{Topic: "a"}); answer.Allow || answer.Reason != "no" {
			t.Errorf("it says %+v", answer)
		}
	}
	if *asked != 1 {
		t.Errorf("asked %d times", *asked)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	cache, asked := cacheOf(2, handler.Answer{Allow: true, Cache: time.Minute})
	for _, topic := range []wamp.URI{"a", "b", "a", "c", "a", "b"} { // c drives b out, which is older than a
		ask(t, cache, handler.Request{Topic: topic})
	}
	if cache.Len() != 2 || *asked != 4 {
		t.Errorf("%d are kept, asked %d times", cache.Len(), *asked)
	}
}

func TestWhatIsForgottenIsNotKeptLater(t *testing.T) {
	var cache *handler.Cache
	asked := 0
	cache = handler.NewCache(handler.CacheOptions{TTL: time.Minute, Size: 10, Asker: asks(func(context.Context, *handler.Request) (handler.Answer, error) {
		if asked++; asked == 1 {
			cache.Forget() // while the answer is on its way
		}
		return handler.Answer{Allow: true, Cache: time.Minute}, nil
	})})
	r := handler.Request{Topic: "a"}
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
	cache, asked := cacheOf(10, handler.Answer{Allow: true, Payload: &other, Cache: time.Minute})
	ask(t, cache, handler.Request{Topic: "a"})
	ask(t, cache, handler.Request{Topic: "a"})
	if *asked != 2 {
		t.Errorf("asked %d times", *asked)
	}
	failing := handler.NewCache(handler.CacheOptions{TTL: time.Minute, Size: 10, Asker: asks(func(context.Context, *handler.Request) (handler.Answer, error) {
		return handler.Answer{Cache: time.Minute}, errors.New("broken")
	})})
	if _, err := failing.Ask(t.Context(), &handler.Request{Topic: "a"}); err == nil || failing.Len() != 0 {
		t.Errorf("got %v, kept %d", err, failing.Len())
	}
}
