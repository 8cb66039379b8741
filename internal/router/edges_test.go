package router_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// authenticates adapts a function to an Authenticator.
type authenticates func(context.Context, peer.AuthRequest) (peer.AuthResult, error)

func (f authenticates) Authenticate(ctx context.Context, h peer.AuthRequest) (peer.AuthResult, error) {
	return f(ctx, h)
}

func TestAClientThatIsLostWhileItAuthenticatesDoesNotJoin(t *testing.T) {
	var client *router.Client
	r := router.New(router.Options{Authenticator: authenticates(func(context.Context, peer.AuthRequest) (peer.AuthResult, error) {
		client.Detach(outbox.CloseLost)
		return peer.AuthResult{Identity: &peer.Identity{ID: "ben"}}, nil
	})})
	realm := r.AddRealm("app")
	client = r.Attach(router.Attachment{Format: jsonFormat})
	if err := client.Receive(t.Context(), []byte(`[1,"app",{"roles":{"caller":{}}}]`)); err == nil {
		t.Error("the client joined")
	}
	client.Detach(outbox.CloseTimeout)
	stats := r.Stats()
	if len(realm.Sessions()) != 0 || stats.Clients != 0 || stats.Closes[outbox.CloseLost] != 1 || stats.Closes[outbox.CloseTimeout] != 0 {
		t.Errorf("the client is still attached, or counted twice: %+v", stats)
	}
}

func TestTheIdentityOfTheHandshakeIsUsedWithoutAnAuthenticator(t *testing.T) {
	r := router.New(router.Options{})
	r.AddRealm("app")
	known := &peer.Identity{ID: "ann"}
	c := r.Attach(router.Attachment{Format: jsonFormat, Peer: peer.Peer{Identity: known}})
	receive(t, c, []byte(`[1,"app",{"roles":{"caller":{}}}]`))
	if got := c.Session().Identity(); got != known {
		t.Errorf("the client joined as %+v", got)
	}
}

func TestTheWakerIsCalledForTheFirstFrameAndForTheEnd(t *testing.T) {
	r := router.New(router.Options{})
	realm := r.AddRealm("app")
	woken := 0
	c := r.Attach(router.Attachment{Format: jsonFormat, Waker: outbox.WakeFunc(func() { woken++ })})
	receive(t, c, []byte(`[1,"app",{"roles":{"subscriber":{}}}]`))
	receive(t, c, []byte(`[32,1,{},"t"]`))
	expect := func(want int, after string) {
		t.Helper()
		if woken != want {
			t.Errorf("woken %d times after %s, not %d", woken, after, want)
		}
	}
	expect(1, "WELCOME and SUBSCRIBED")
	c.Outbox().Take(nil, 1<<20)
	realm.Publish(router.Publication{Topic: "t"})
	realm.Publish(router.Publication{Topic: "t"})
	expect(2, "two events")
	c.Session().Kill("", "")
	expect(3, "the end")
	taken := c.Outbox().Take(nil, 1<<20)
	frames, info := taken.Pieces, taken.Closed
	if len(frames) != 3 || info == nil || info.Reason != outbox.CloseKilled {
		t.Errorf("%d frames, then %+v", len(frames), info)
	}
}

// A program that closes one client and opens the next one must not find the session of the first.
func TestTheSessionIsRemovedBeforeItsClientIsToldOfTheEnd(t *testing.T) {
	for name, end := range map[string]func(*router.Client){
		"its own":  func(c *router.Client) { _ = c.Receive(t.Context(), []byte(`[6,{},"wamp.close.close_realm"]`)) },
		"killed":   func(c *router.Client) { c.Session().Kill("", "") },
		"shutdown": nil,
	} {
		r := router.New(router.Options{})
		realm := r.AddRealm("app")
		var info bool
		var left []int
		c := r.Attach(router.Attachment{Format: jsonFormat, Waker: outbox.WakeFunc(func() {
			if info && name == "shutdown" { // the subscription goes later: it waits for publications
				left = append(left, len(realm.Sessions()))
			} else if info {
				left = append(left, realm.Subscribers("t")+len(realm.Sessions()))
			}
		})})
		receive(t, c, []byte(`[1,"app",{"roles":{"subscriber":{}}}]`))
		receive(t, c, []byte(`[32,1,{},"t"]`))
		c.Outbox().Take(nil, 1<<20)
		info = true
		if end == nil {
			end = func(*router.Client) {
				ctx, stop := context.WithCancel(t.Context())
				stop() // Shutdown would wait for the transport, which is this test
				_ = r.Shutdown(ctx)
			}
		}
		end(c)
		if len(left) == 0 || slices.Max(left) != 0 {
			t.Errorf("%s: the client was woken %d times, and this was left: %v", name, len(left), left)
		}
		c.Detach(outbox.CloseLost)
	}
}

func TestAPanicInAFramingEndsTheCallingClientAndReleasesLocks(t *testing.T) {
	r := router.New(router.Options{})
	realm := r.AddRealm("app")
	bomb := &panickingFraming{}
	victim := r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V2JSON, Framing: bomb}})
	receive(t, victim, []byte(`[1,"app",{"roles":{"subscriber":{}}}]`))
	receive(t, victim, []byte(`[32,1,{},"t"]`))
	publisher, other := enter(t, r, wamp.V2JSON), enter(t, r, wamp.V2JSON)
	bomb.armed = true
	if publisher.say(&wamp.Publish{Request: 1, Topic: "t"}) {
		t.Error("the publisher was not told of the fault")
	}
	bomb.armed = false
	other.say(&wamp.Subscribe{Request: 1, Topic: "t"})
	if got, err := realm.Publish(router.Publication{Topic: "t"}); err != nil || got.Deliveries != 2 {
		t.Errorf("%d deliveries after the fault, %v", got.Deliveries, err)
	}
	bomb.armed = true
	if victim.Receive(t.Context(), []byte(`[34,2,1]`)) == nil {
		t.Error("the victim was not told of the fault")
	}
	if realm.Subscribers("t") != 1 || len(realm.Sessions()) != 1 {
		t.Errorf("clients that failed are still attached: %+v", r.Stats())
	}
}

// panickingFraming is a Framing that panics when it is armed.
type panickingFraming struct{ armed bool }

func (b *panickingFraming) Frame(dst, message []byte) ([]byte, bool) {
	if b.armed {
		panic("boom")
	}
	return append(dst, message...), true
}

func TestAPanicInAnObserverEndsOnlyOneClient(t *testing.T) {
	r := router.New(router.Options{})
	realm := r.AddRealm("app")
	realm.Observe(panickingObserver{})
	m := enter(t, r, wamp.V2JSON)
	if m.say(&wamp.Subscribe{Request: 1, Topic: "t"}) {
		t.Error("the client went on")
	}
	m.client.Detach(outbox.CloseLost)
	other := enter(t, r, wamp.V2JSON)
	other.client.Detach(outbox.CloseLost)
	if stats := r.Stats(); stats.Clients+stats.Sessions+stats.Subscriptions != 0 || stats.Closes[outbox.CloseInternal] != 1 {
		t.Errorf("something is left: %+v", stats)
	}
}

type panickingObserver struct{ router.NoObserver }

func (panickingObserver) Subscribed(*router.Session, wamp.Subscription) { panic("subscribed") }
func (panickingObserver) Left(*router.Session)                          { panic("left") }

func TestACallOfTheServerEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		realm := r.AddRealm("app")
		callee := enter(t, r, wamp.V2JSON)
		callee.say(&wamp.Register{Request: 1, Procedure: "p"})

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := realm.Call(ctx, router.CallRequest{Procedure: "p"})
		expectCallError(t, err, wamp.ErrTimeout)

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = realm.Call(ctx, router.CallRequest{Procedure: "p"})
		expectCallError(t, err, wamp.ErrCanceled)

		if !callee.say(&wamp.Yield{Request: 1}) || !callee.say(&wamp.Yield{Request: 2}) {
			t.Error("a late answer counts as a violation")
		}
		callee.client.Detach(outbox.CloseLost)
	})
}

func expectCallError(t *testing.T, err error, uri wamp.URI) {
	t.Helper()
	var known *calls.Error
	if !errors.As(err, &known) || known.URI != uri {
		t.Errorf("the call ended with %v, not with %s", err, uri)
	}
}

func TestShutdownWaitsForConcurrentProceduresUntilItsContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		realm := r.AddRealm("app")
		finished := false
		_, err := realm.Register(router.LocalProcedure{Procedure: "p", Concurrent: true, Handler: func(ctx context.Context, _ router.LocalInvocation) (wamp.Payload, error) {
			<-ctx.Done()
			<-time.After(time.Minute)
			finished = true
			return wamp.Payload{}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		m := enter(t, r, wamp.V2JSON)
		m.say(&wamp.Call{Request: 1, Procedure: "p"})

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Shutdown(ctx); err == nil {
			t.Error("it did not wait for the transport")
		}
		m.client.Detach(outbox.CloseLost)
		if err := r.Shutdown(t.Context()); err != nil || !finished {
			t.Errorf("it did not wait for the procedure: %v", err)
		}
	})
}
