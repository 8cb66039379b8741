package router_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A client that gives up a subscription or registration while the server revokes it gets one answer to its request.
func TestUnsubscribeAndUnregisterAreAnsweredDuringARevocation(t *testing.T) {
	const rounds = 100
	r := router.New(router.Options{Limits: meter.Limits{MessageBurst: 1 << 30}})
	realm := r.AddRealm("app")
	var gate gate
	busy := &member{t: t, encoding: wamp.V2JSON}
	busy.client = r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V2JSON}, Waker: outbox.WakeFunc(gate.pass)})
	busy.say(&wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"subscriber": wamp.Dict{}}}})
	busy.say(&wamp.Subscribe{Request: 1, Topic: "t"})
	defer busy.client.Detach(outbox.CloseLost)

	for range rounds {
		m := enter(t, r, wamp.V2JSON)
		m.say(&wamp.Subscribe{Request: 1, Topic: "t"})
		m.say(&wamp.Register{Request: 2, Procedure: "p"})
		m.listen()
		subscription, registration := wamp.ID(0), wamp.ID(0)
		for _, message := range m.heard {
			switch message := message.(type) {
			case *wamp.Subscribed:
				subscription = message.Subscription
			case *wamp.Registered:
				registration = message.Registration
			}
		}
		s := m.client.Session()
		gate.hold(busy, func() { realm.Publish(router.Publication{Topic: "t"}) },
			func() { realm.RevokeSubscription(s, subscription, "") },
			func() { m.say(&wamp.Unsubscribe{Request: 3, Subscription: subscription}) })
		gate.hold(busy, func() { busy.say(&wamp.Register{Request: 2, Procedure: "busy"}) },
			func() { realm.Revoke(s, registration, "") },
			func() { m.say(&wamp.Unregister{Request: 4, Registration: registration}) })
		m.heard = nil
		m.listen()
		answers := map[wamp.ID]int{}
		for _, message := range m.heard {
			switch message := message.(type) {
			case *wamp.Unsubscribed:
				answers[message.Request]++
			case *wamp.Unregistered:
				answers[message.Request]++
			case *wamp.Error:
				answers[message.Request]++
			}
		}
		if answers[3] != 1 || answers[4] != 1 {
			t.Fatalf("UNSUBSCRIBE was answered %d times, UNREGISTER %d times", answers[3], answers[4])
		}
		m.client.Detach(outbox.CloseLost)
	}
}

// gate blocks the goroutine that wakes a client, which holds locks then.
type gate struct {
	shut    atomic.Bool
	stopped chan struct{}
	open    chan struct{}
}

func (g *gate) pass() {
	if g.shut.CompareAndSwap(true, false) {
		close(g.stopped)
		<-g.open
	}
}

// hold blocks first in the gate and the others at its locks. Then it opens the gate and waits for all of them.
func (g *gate) hold(busy *member, first func(), others ...func()) {
	busy.listen() // only the first frame in an outbox calls the waker
	g.stopped, g.open = make(chan struct{}), make(chan struct{})
	g.shut.Store(true)
	var all sync.WaitGroup
	all.Go(first)
	<-g.stopped
	for _, other := range others {
		all.Go(other)
		for range 100 { // usually enough for the goroutine to wait for the lock
			runtime.Gosched()
		}
	}
	close(g.open)
	all.Wait()
}
