package router_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// rules allow all requests but those with a URI in refused; broken URIs have no decision.
type rules struct {
	refused, broken atomic.Pointer[wamp.URI]
	wait            func(ctx context.Context)
}

func (r *rules) Authorize(ctx context.Context, q router.Request) (peer.Decision, error) {
	if r.wait != nil {
		r.wait(ctx)
	}
	if uri := r.refused.Load(); uri != nil && *uri == q.URI {
		return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "no")
	}
	if uri := r.broken.Load(); uri != nil && *uri == q.URI {
		return peer.Decision{}, errors.New("broken")
	}
	return peer.Decision{Cacheable: true}, nil
}

func (r *rules) refuse(uri wamp.URI) { r.refused.Store(&uri) }

func registered(t *testing.T, c *routertest.Client, procedure wamp.URI) {
	t.Helper()
	c.Send(&wamp.Register{Request: 1, Procedure: procedure})
	if m, ok := c.Next().(*wamp.Registered); !ok {
		t.Fatalf("got %+v", m)
	}
}

func TestARecheckRevokesWhatIsNoLongerAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authorizer := &rules{}
		r := router.New(router.Options{Authorizer: authorizer})
		realm := r.AddRealm("app")
		ann, ben := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")}), routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ben")})
		for _, c := range []*routertest.Client{ann, ben} {
			c.Subscribe("open", wamp.MatchExact)
			c.Subscribe("secret", wamp.MatchExact)
		}
		ann.Subscribe("sec", wamp.MatchPrefix)
		registered(t, ann, "work")
		authorizer.refuse("secret")
		broken := wamp.URI("sec")
		authorizer.broken.Store(&broken)

		found, err := realm.Recheck(t.Context())
		if want := (peer.Rechecked{Sessions: 2, Kept: 3, Revoked: 2, Undecided: 1}); err != nil || found != want {
			t.Errorf("got %+v, %v", found, err)
		}
		if n := realm.Subscribers("secret"); n != 1 { // the prefix, about which there is no decision
			t.Errorf("%d subscribers are left", n)
		}
		authorizer.refuse("work")
		if found, err := realm.Recheck(t.Context()); err != nil || found.Revoked != 1 {
			t.Errorf("got %+v, %v", found, err)
		}
		if _, ok := realm.Callee("work"); ok {
			t.Error("the procedure is registered still")
		}
	})
}

func TestADecisionOnItsWayWhenDecisionsChangeIsCheckedAgain(t *testing.T) {
	for _, late := range []wamp.Message{&wamp.Subscribe{Request: 1, Topic: "late"}, &wamp.Register{Request: 1, Procedure: "late"}} {
		var realm *router.Realm
		asked := 0
		r := router.New(router.Options{Authorizer: authorizes(func(router.Request) (peer.Decision, error) {
			if asked++; asked > 1 {
				return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "no")
			}
			realm.ForgetDecisions()
			if found, err := realm.Recheck(t.Context()); err != nil || found != (peer.Rechecked{Sessions: 1}) {
				t.Errorf("got %+v, %v", found, err)
			}
			return peer.Decision{}, nil // made by the rules of before
		})})
		realm = r.AddRealm("app")
		c := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")})
		c.Send(late)
		if _, held := realm.Callee("late"); held || realm.Subscribers("late") != 0 || asked != 2 {
			t.Errorf("%s: it is held, after %d questions", late.Code(), asked)
		}
	}
}

func TestARecheckAsksABoundedNumberOfQuestionsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authorizer := &rules{}
		r := router.New(router.Options{Authorizer: authorizer})
		realm := r.AddRealm("app")
		const sessions = 100
		for i := range sessions {
			c := routertest.Join(t, r, routertest.Page{Identity: routertest.Person(fmt.Sprint(i))})
			c.Subscribe("topic", wamp.MatchExact)
		}
		var now, most atomic.Int64
		authorizer.wait = func(ctx context.Context) {
			n := now.Add(1)
			defer now.Add(-1)
			if n > most.Load() {
				most.Store(n)
			}
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
		began := time.Now()
		found, err := realm.Recheck(t.Context())
		if err != nil || found.Kept != sessions || most.Load() != 16 || time.Since(began) != 7*time.Second {
			t.Errorf("got %+v, %v after %s with %d questions at once", found, err, time.Since(began), most.Load())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		if found, err := realm.Recheck(ctx); err == nil || found.Kept >= sessions {
			t.Errorf("it goes on after the end: %+v, %v", found, err)
		}
	})
}

func TestAPanicOfTheAuthorizerDuringARecheckIsRecovered(t *testing.T) {
	authorizer := &rules{}
	r := router.New(router.Options{Authorizer: authorizer})
	realm := r.AddRealm("app")
	routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")}).Subscribe("topic", wamp.MatchExact)
	authorizer.wait = func(context.Context) { panic("a fault") }
	if _, err := realm.Recheck(t.Context()); err != nil || realm.Subscribers("topic") != 1 {
		t.Errorf("%v, %d subscribers", err, realm.Subscribers("topic"))
	}
}

func TestARenewedIdentityLosesWhatItMayNotHold(t *testing.T) {
	r := router.New(router.Options{Authorizer: authorizes(func(q router.Request) (peer.Decision, error) {
		if q.URI == "staff" && q.Session.Identity().Role() != "staff" {
			return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "no")
		}
		return peer.Decision{Cacheable: true}, nil
	})})
	realm := r.AddRealm("app")
	c := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}}})
	c.Subscribe("staff", wamp.MatchExact)
	c.Subscribe("all", wamp.MatchExact)
	if !ask(t, c, "staff") {
		t.Error("staff may not publish")
	}
	if _, err := c.Session().Reauthenticate(t.Context(), &peer.Identity{ID: "ann", Roles: []string{"guest"}}); err != nil {
		t.Fatal(err)
	}
	if realm.Subscribers("staff") != 0 || realm.Subscribers("all") != 1 {
		t.Errorf("%d and %d subscribers", realm.Subscribers("staff"), realm.Subscribers("all"))
	}
	if ask(t, c, "staff") {
		t.Error("a cached decision outlives its identity")
	}
}

func TestAnInvalidationConcernsTheSessionsThatMatch(t *testing.T) {
	asked := map[string]int{}
	var refused wamp.URI
	r := router.New(router.Options{Authorizer: authorizes(func(q router.Request) (peer.Decision, error) {
		asked[q.Session.Identity().ID+" "+string(q.URI)]++
		if q.URI == refused {
			return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "closed for %s", q.Session.Identity().ID)
		}
		return peer.Decision{Cacheable: true}, nil
	})})
	realm := r.AddRealm("app")
	ann, ben := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")}), routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ben")})
	for _, c := range []*routertest.Client{ann, ben} {
		c.Subscribe("open", wamp.MatchExact)
		c.Subscribe("secret", wamp.MatchExact)
		for range 2 { // the second time by the cached decision
			if !ask(t, c, "topic") {
				t.Fatal("publishing is refused")
			}
		}
	}
	refused = "secret"
	found, err := realm.Invalidate(t.Context(), func(i *peer.Identity) bool { return i.ID == "ann" })
	if want := (peer.Rechecked{Sessions: 1, Kept: 1, Revoked: 1}); err != nil || found != want {
		t.Errorf("got %+v, %v", found, err)
	}
	ask(t, ann, "topic")
	ask(t, ben, "topic")
	want := map[string]int{"ann open": 2, "ann secret": 2, "ann topic": 2, "ben open": 1, "ben secret": 1, "ben topic": 1}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	if n := realm.Subscribers("secret"); n != 1 {
		t.Errorf("%d subscribers are left", n)
	}
}

func TestAnInvalidationGoesOnWithoutItsCallerAndEndsWithTheRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		authorizer := &rules{}
		r := router.New(router.Options{Authorizer: authorizer})
		realm := r.AddRealm("app")
		c := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")})
		for i := range 10 {
			c.Subscribe(wamp.URI(fmt.Sprint("topic", i)), wamp.MatchExact)
		}
		authorizer.wait = func(ctx context.Context) {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
		everyone := func(*peer.Identity) bool { return true }
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if found, err := realm.Invalidate(gone, everyone); err != nil || found.Kept != 10 {
			t.Errorf("without its caller it found %+v, %v", found, err)
		}
		began := time.Now()
		stopped := make(chan error, 1)
		go func() {
			time.Sleep(2500 * time.Millisecond)
			c.Lose()
			stopped <- r.Shutdown(t.Context())
		}()
		if _, err := realm.Invalidate(t.Context(), everyone); !errors.Is(err, context.Canceled) || time.Since(began) != 2500*time.Millisecond {
			t.Errorf("it ended with %v after %s", err, time.Since(began))
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

func TestACanceledRenewalTakesAwayWhatTheNewRolesDoNotAllow(t *testing.T) {
	r := router.New(router.Options{Authorizer: authorizes(func(q router.Request) (peer.Decision, error) {
		if q.URI == "staff" && q.Session.Identity().Role() != "staff" {
			return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "no")
		}
		return peer.Decision{}, nil
	})})
	realm := r.AddRealm("app")
	c := routertest.Join(t, r, routertest.Page{Identity: &peer.Identity{ID: "ann", Roles: []string{"staff"}}})
	c.Subscribe("staff", wamp.MatchExact)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := c.Session().Reauthenticate(canceled, &peer.Identity{ID: "ann"}); err != nil || found.Revoked != 1 {
		t.Errorf("got %+v, %v", found, err)
	}
	if n := realm.Subscribers("staff"); n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
}
