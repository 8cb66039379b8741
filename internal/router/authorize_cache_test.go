package router_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// authorizes adapts a function to an Authorizer.
type authorizes func(r router.Request) (peer.Decision, error)

func (a authorizes) Authorize(_ context.Context, r router.Request) (peer.Decision, error) {
	return a(r)
}

// ask publishes and waits for the answer, an acknowledgment or an error.
func ask(t *testing.T, c *routertest.Client, topic wamp.URI) (allowed bool) {
	t.Helper()
	c.Send(&wamp.Publish{Request: 1, Topic: topic, Options: wamp.Dict{"acknowledge": true}})
	switch m := c.Next().(type) {
	case *wamp.Published:
		return true
	case *wamp.Error:
		return false
	default:
		t.Fatalf("got %+v", m)
		return false
	}
}

func TestADecisionIsCachedUntilItsTimeOrUntilTheRealmForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		r := router.New(router.Options{Authorizer: authorizes(func(q router.Request) (peer.Decision, error) {
			asked++
			decision := peer.Decision{Cacheable: q.URI != "never"}
			if q.URI == "minute" {
				decision.Until = time.Now().Add(time.Minute)
			}
			return decision, nil
		})})
		realm := r.AddRealm("app")
		c := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")})
		expect := func(topic wamp.URI, want int) {
			t.Helper()
			before := asked
			if !ask(t, c, topic) || asked-before != want {
				t.Errorf("%s: the authorizer was asked %d times instead of %d", topic, asked-before, want)
			}
		}
		for _, topic := range []wamp.URI{"never", "minute", "epoch"} {
			expect(topic, 1)
		}
		expect("never", 1)
		expect("minute", 0)
		expect("epoch", 0)
		time.Sleep(time.Minute)
		expect("minute", 1)
		expect("epoch", 0)
		realm.ForgetDecisions()
		expect("minute", 1)
		expect("epoch", 1)
		expect("epoch", 0)
	})
}

func TestADecisionOnItsWayWhenTheRealmForgetsIsNotCached(t *testing.T) {
	var realm *router.Realm
	asked := 0
	r := router.New(router.Options{Authorizer: authorizes(func(router.Request) (peer.Decision, error) {
		if asked++; asked == 1 {
			realm.ForgetDecisions()
		}
		return peer.Decision{Cacheable: true}, nil
	})})
	realm = r.AddRealm("app")
	c := routertest.Join(t, r, routertest.Page{Identity: routertest.Person("ann")})
	for range 3 {
		ask(t, c, "topic")
	}
	if asked != 2 {
		t.Errorf("the authorizer was asked %d times", asked)
	}
}
