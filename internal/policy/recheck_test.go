package policy_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestForgetTakesAwayWhatTheExternalAuthorizerNoLongerAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := `{"allow":true,"cache":60}`
		p := open(t, `
authorizer: {procedure: app.authorize}
procedures: {app.authorize: {register: backend}}
topics: {declared: {subscribe: "true"}}
`)
		defer p.run(t)()
		if _, err := p.realm.Register(router.LocalProcedure{Procedure: "app.authorize", Handler: func(context.Context, router.LocalInvocation) (wamp.Payload, error) {
			return wamp.PayloadFromJSON(nil, []byte(answer))
		}}); err != nil {
			t.Fatal(err)
		}
		c := routertest.Join(t, p.router, routertest.Page{Identity: routertest.Person("ann")})
		c.Subscribe("free", wamp.MatchExact)
		c.Subscribe("declared", wamp.MatchExact)
		forget := func(ctx context.Context) error {
			_, err := p.realm.Call(ctx, router.CallRequest{Procedure: "tidings.authorizer.forget"})
			return err
		}
		if err := forget(t.Context()); err != nil || p.realm.Subscribers("free") != 1 {
			t.Errorf("%v, %d subscribers", err, p.realm.Subscribers("free"))
		}
		answer = `{"allow":false}`
		if err := forget(t.Context()); err != nil || p.realm.Subscribers("free") != 0 || p.realm.Subscribers("declared") != 1 {
			t.Errorf("%v, %d and %d subscribers", err, p.realm.Subscribers("free"), p.realm.Subscribers("declared"))
		}
	})
}

func TestARecheckGoesOnWhenItsCallerHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		allow := true
		p := open(t, `
authorizer: {procedure: app.authorize, timeout: 10s}
procedures: {app.authorize: {register: backend}}
`)
		defer p.run(t)()
		if _, err := p.realm.Register(router.LocalProcedure{Procedure: "app.authorize", Concurrent: true, Handler: func(context.Context, router.LocalInvocation) (wamp.Payload, error) {
			if allow {
				return wamp.PayloadFromJSON(nil, []byte(`{"allow":true}`))
			}
			time.Sleep(5 * time.Second)
			return wamp.PayloadFromJSON(nil, []byte(`{"allow":false}`))
		}}); err != nil {
			t.Fatal(err)
		}
		routertest.Join(t, p.router, routertest.Page{Identity: routertest.Person("ann")}).Subscribe("free", wamp.MatchExact)
		allow = false
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.realm.Call(ctx, router.CallRequest{Procedure: "tidings.authorizer.forget"}); err == nil {
			t.Error("the call has ended too early")
		}
		if n := p.realm.Subscribers("free"); n != 1 {
			t.Errorf("%d subscribers before the decision", n)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := p.realm.Subscribers("free"); n != 0 {
			t.Errorf("%d subscribers after the decision", n)
		}
	})
}
