package policy_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestSwappedContractsDecideAndTakeAwayWhatTheyRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, `topics: {a: {subscribe: "true", publish: "true"}, b: {subscribe: "true"}}`)
		defer p.run(t)()
		c := routertest.Join(t, p.router, routertest.Page{Identity: routertest.Person("ann")})
		for _, topic := range []wamp.URI{"a", "b", "tidings.thing.1"} {
			c.Subscribe(topic, wamp.MatchExact)
		}
		publish := func() error {
			c.Send(&wamp.Publish{Request: 9, Topic: "a", Options: wamp.Dict{"acknowledge": true}})
			if refusal, ok := c.Next().(*wamp.Error); ok {
				return wamp.Fail(refusal.Error, "")
			}
			return nil
		}
		if err := publish(); err != nil { // which caches the decision
			t.Fatal(err)
		}
		if err := p.swap(t, contracts(t, `topics: {a: {subscribe: "true"}, c: {subscribe: "true"}}`)); err != nil {
			t.Fatal(err)
		}
		for topic, want := range map[wamp.URI]int{"a": 1, "b": 0, "tidings.thing.1": 1} {
			if n := p.realm.Subscribers(topic); n != want {
				t.Errorf("%s has %d subscribers", topic, n)
			}
		}
		refused(t, publish(), wamp.ErrNotAuthorized, "")
		c.Subscribe("c", wamp.MatchExact)
	})
}

func TestFunctionsOutliveASwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const yaml = `topics: {talk: {publish: "true", subscribe: "true"}}`
		p := open(t, yaml)
		defer p.run(t)()
		if err := p.Handle("talk", hook.Functions{
			Publish:   func(context.Context, *hook.Query) (*wamp.Payload, error) { return nil, hook.Refused("closed") },
			Subscribe: func(context.Context, *hook.Query) error { return nil },
		}); err != nil {
			t.Fatal(err)
		}
		if err := p.swap(t, contracts(t, yaml)); err != nil {
			t.Fatal(err)
		}
		_, err := p.Decide(t.Context(), publishing(nil, "talk"))
		refused(t, err, wamp.ErrNotAuthorized, "closed")
		if err := p.swap(t, contracts(t, `topics: {other: {publish: "true"}}`)); err == nil {
			t.Error("a contract with functions is gone")
		}
		_, err = p.Decide(t.Context(), publishing(nil, "talk"))
		refused(t, err, wamp.ErrNotAuthorized, "closed")
	})
}

func TestPeriodicPublicationsFollowASwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, `topics: {clock: {subscribe: "true", every: {interval: 10s, kwargs: {n: 1}}}}`)
		defer p.run(t)()
		c := routertest.Join(t, p.router, routertest.Page{Identity: routertest.Person("ann")})
		c.Subscribe("clock", wamp.MatchExact)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if n := len(c.Events()); n != 1 {
			t.Errorf("%d events", n)
		}
		if err := p.swap(t, contracts(t, `topics: {clock: {subscribe: "true", every: {interval: 2s, kwargs: {n: 1}}}}`)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if n := len(c.Events()); n != 5 {
			t.Errorf("%d events after the swap", n)
		}
	})
}

func TestAnExternalAuthorizerComesAndGoesWithASwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const none = `procedures: {app.authorize: {register: backend}}`
		p := open(t, none)
		defer p.run(t)()
		if _, err := p.realm.Register(router.LocalProcedure{Procedure: "app.authorize", Handler: func(context.Context, router.LocalInvocation) (wamp.Payload, error) {
			return wamp.PayloadFromJSON(nil, []byte(`{"allow":true}`))
		}}); err != nil {
			t.Fatal(err)
		}
		decide := func() error {
			_, err := p.Decide(t.Context(), publishing(nil, "free"))
			return err
		}
		refused(t, decide(), wamp.ErrNotAuthorized, "is not declared")
		for range 2 {
			if err := p.swap(t, contracts(t, none+"\nauthorizer: {procedure: app.authorize}")); err != nil {
				t.Fatal(err)
			}
			if err := decide(); err != nil {
				t.Error(err)
			}
			if _, err := p.realm.Call(t.Context(), router.CallRequest{Procedure: "tidings.authorizer.forget"}); err != nil {
				t.Error(err)
			}
			if err := p.swap(t, contracts(t, none)); err != nil {
				t.Fatal(err)
			}
			refused(t, decide(), wamp.ErrNotAuthorized, "is not declared")
		}
	})
}

func TestSwapAndHandleAreSafeWhileRequestsAreDecided(t *testing.T) {
	p := open(t, shop)
	defer p.run(t)()
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				_, err := p.Decide(ctx, publishing(key("all"), "order.1"))
				if err != nil {
					t.Error(err)
				}
				p.Contracts()
				for range p.Hooks() {
				}
			}
		})
	}
	c := routertest.Join(t, p.router, routertest.Page{Identity: routertest.Person("ann")})
	c.Subscribe("talk", wamp.MatchExact)
	for i := range 20 {
		if i == 10 {
			if err := p.Handle("talk", hook.Functions{Subscribe: func(context.Context, *hook.Query) error { return nil }}); err != nil {
				t.Error(err)
			}
		}
		if err := p.swap(t, contracts(t, shop)); err != nil {
			t.Error(err)
		}
	}
	stop()
	clients.Wait()
	if n := p.realm.Subscribers("talk"); n != 1 {
		t.Errorf("%d subscribers", n)
	}
}

func TestHandleFailsOnceThePolicyIsSealed(t *testing.T) {
	p := open(t, shop)
	p.Seal()
	err := p.Handle("talk", hook.Functions{Subscribe: func(context.Context, *hook.Query) error { return nil }})
	if err == nil || err.Error() != `handle "talk": the server is running: set handlers before Run` {
		t.Errorf("got %v", err)
	}
	if _, err := p.Decide(t.Context(), policy.Request{Action: peer.Subscribe, URI: "tal", Match: wamp.MatchPrefix}); err != nil {
		t.Errorf("the contract has changed: %v", err)
	}
}

func TestARequestIsDecidedByTheBasisThatItWasAdmittedBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, `topics: {a: {publish: "backend"}}`)
		defer p.run(t)()
		before := p.Basis()
		ask := func(basis policy.Basis) error {
			request := publishing(key("publisher"), "a")
			request.Basis = basis
			_, err := p.Decide(t.Context(), request)
			return err
		}
		swap, err := p.Prepare(contracts(t, `topics: {a: {publish: "false"}, b: {publish: "backend"}}`), keys{"publisher": {"call"}})
		if err != nil {
			t.Fatal(err)
		}
		after := swap()
		if err := ask(before); err != nil {
			t.Error(err)
		}
		refused(t, ask(after), wamp.ErrNotAuthorized, "lacks the scope")
		refused(t, ask(policy.Basis{}), wamp.ErrNotAuthorized, "lacks the scope")
	})
}
