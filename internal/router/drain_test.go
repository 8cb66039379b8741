package router_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// leaver is a client that notes when it is told to go, and when to come back.
type leaver struct {
	member
	told, back time.Duration // since the drain began; back is -1 without _retry_after
}

// leavers joins n clients.
func leavers(t *testing.T, r *router.Router, n int, hello wamp.Dict) []*leaver {
	t.Helper()
	var all []*leaver
	for range n {
		l := &leaver{member: member{t: t, encoding: wamp.V2JSON}}
		l.client = r.Attach(router.Attachment{Format: outbox.Format{Encoding: l.encoding}, Peer: peer.Peer{}})
		l.say(&wamp.Hello{Realm: "app", Details: hello})
		all = append(all, l)
	}
	return all
}

// followDrain notes for each client when it is told, and detaches it.
func followDrain(t *testing.T, all []*leaver, began time.Time) {
	t.Helper()
	left := slices.Clone(all)
	for len(left) > 0 {
		synctest.Wait() // what is to be told at this moment is told
		left = slices.DeleteFunc(left, func(l *leaver) bool {
			if l.listen() {
				return false
			}
			l.told, l.back = time.Since(began), -1
			if goodbye, ok := l.heard[len(l.heard)-1].(*wamp.Goodbye); ok {
				if seconds, ok := goodbye.Details["_retry_after"].(float64); ok {
					l.back = l.told + time.Duration(seconds*float64(time.Second))
				}
			}
			l.client.Detach(outbox.CloseShutdown)
			return true
		})
		time.Sleep(time.Millisecond)
	}
}

var returns = wamp.Dict{"_returns": true, "roles": wamp.Dict{"subscriber": wamp.Dict{}}}

// perSecond returns the largest number of times within a second.
func perSecond(times []time.Duration) (most int) {
	slices.Sort(times)
	for i := range times {
		n := 0
		for ; i+n < len(times) && times[i+n] < times[i]+time.Second; n++ {
		}
		most = max(most, n)
	}
	return most
}

func TestADrainSpreadsTheEndsAndTheReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, window = 1000, 10 * time.Second
		r := router.New(router.Options{})
		r.AddRealm("app")
		all := leavers(t, r, clients, returns)
		began := time.Now()
		go r.Drain(t.Context(), meter.Drain{Window: window})
		followDrain(t, all, began)
		var told, back []time.Duration
		for _, l := range all {
			told, back = append(told, l.told), append(back, l.back)
			if l.back < window {
				t.Fatalf("a client that left after %s comes back after %s, when the server still drains", l.told, l.back)
			}
		}
		if a, b := perSecond(told), perSecond(back); a > clients/10+2 || b > clients/10+20 {
			t.Errorf("in one second %d leave, and %d come back", a, b)
		}
		if last := slices.Max(told); last > window {
			t.Errorf("the last one leaves after %s", last)
		}
	})
}

func TestFewClientsDoNotHoldUpAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		r.AddRealm("app")
		all := leavers(t, r, 3, returns)
		began := time.Now()
		r.Drain(t.Context(), meter.Drain{Window: 5 * time.Minute})
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		followDrain(t, all, began)
		for _, l := range all {
			if l.back > 3*time.Second {
				t.Errorf("a client comes back after %s", l.back)
			}
		}
	})
}

func TestASessionThatIsLeftDuringADrainGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		realm := r.AddRealm("app")
		all := leavers(t, r, 2, returns)
		for _, l := range all {
			l.say(&wamp.Subscribe{Request: 1, Topic: "t"})
		}
		done := make(chan struct{})
		go func() { r.Drain(t.Context(), meter.Drain{Window: time.Minute}); close(done) }()
		time.Sleep(50 * time.Millisecond) // the first one is told
		if n := realm.Subscribers("t"); n != 1 {
			t.Errorf("%d subscribers", n)
		}
		if _, err := realm.Publish(router.Publication{Topic: "t"}); err != nil {
			t.Error(err)
		}
		late := &member{t: t, encoding: wamp.V2JSON}
		late.join(r, wamp.Dict{"subscriber": wamp.Dict{}})
		if late.client.Session() != nil {
			t.Error("a client joins during the drain")
		}
		<-done
		events := 0
		for _, l := range all {
			l.listen()
			for _, m := range l.heard {
				if _, ok := m.(*wamp.Event); ok {
					events++
				}
			}
			l.client.Detach(outbox.CloseShutdown)
		}
		late.client.Detach(outbox.CloseShutdown)
		if events != 1 {
			t.Errorf("%d events", events)
		}
	})
}

func TestAHurriedDrainEndsAtOnceAndStillSpreadsTheReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, window = 1000, 100 * time.Second
		r := router.New(router.Options{})
		r.AddRealm("app")
		all := leavers(t, r, clients, returns)
		hurry := make(chan struct{})
		began := time.Now()
		go r.Drain(t.Context(), meter.Drain{Window: window, Hurry: hurry})
		time.AfterFunc(30*time.Second, func() { close(hurry) })
		followDrain(t, all, began)
		var back []time.Duration
		for _, l := range all {
			if l.told > 31*time.Second {
				t.Fatalf("a client leaves after %s", l.told)
			}
			if l.told >= 30*time.Second {
				back = append(back, l.back-l.told)
			}
		}
		if n := perSecond(back); len(back) < 600 || n > 15 || slices.Min(back) > 2*time.Second {
			t.Errorf("of %d clients that are hurried %d come back in one second, the first one after %s", len(back), n, slices.Min(back))
		}
	})
}

func TestWhereAnotherProcessServesClientsComeBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		r.AddRealm("app")
		all := leavers(t, r, 100, returns)
		began := time.Now()
		go r.Drain(t.Context(), meter.Drain{Window: 10 * time.Second, TakenOver: true})
		followDrain(t, all, began)
		for _, l := range all {
			if away := l.back - l.told; away < 900*time.Millisecond || away > 1100*time.Millisecond {
				t.Fatalf("a client comes back after %s", away)
			}
		}
	})
}

func TestSessionsOfOneConnectionAreEndedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		r.AddRealm("app")
		var all []*leaver
		for i := range 20 {
			l := &leaver{member: member{t: t, encoding: wamp.V2JSON}}
			l.client = r.Attach(router.Attachment{Format: outbox.Format{Encoding: l.encoding}, Peer: peer.Peer{Connection: uint64(1 + i%2)}})
			l.say(&wamp.Hello{Realm: "app", Details: returns})
			all = append(all, l)
		}
		began := time.Now()
		go r.Drain(t.Context(), meter.Drain{Window: 10 * time.Second})
		followDrain(t, all, began)
		for i, l := range all {
			if l.told != all[i%2].told {
				t.Errorf("sessions of one connection end after %s and %s", l.told, all[i%2].told)
			}
		}
	})
}

func TestAClientThatDoesNotComeAgainGetsNoGoodbyeInADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		r.AddRealm("app")
		all := leavers(t, r, 1, wamp.Dict{"roles": wamp.Dict{"subscriber": wamp.Dict{}}})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r.Drain(ctx, meter.Drain{Window: time.Second})
		all[0].listen()
		if _, ok := all[0].heard[len(all[0].heard)-1].(*wamp.Goodbye); ok {
			t.Error("it got GOODBYE, after which it would not come again")
		}
		if closed := all[0].client.Outbox().Closed(); closed == nil || closed.Reason != outbox.CloseShutdown {
			t.Errorf("it was closed with %+v", closed)
		}
		all[0].client.Detach(outbox.CloseShutdown)
	})
}

// A program of version 1 never hears that its connection has ended, and loses what it publishes then.
func TestProgramsOfVersion1JoinDuringADrainAndAreEndedLastOnceTheyAreSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, realm := routertest.Realm()
		var all []*router.Client
		attach := func(identity *peer.Identity) (*router.Client, error) {
			c := r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V1JSON}, Peer: peer.Peer{Identity: identity}})
			all = append(all, c)
			return c, c.Open(t.Context())
		}
		program, err := attach(routertest.Backend("php"))
		page, wrong := attach(routertest.Person("ann"))
		if err != nil || wrong != nil {
			t.Fatal(err, wrong)
		}
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			r.Drain(t.Context(), meter.Drain{Window: time.Second, Patience: 3 * time.Second})
		}()
		synctest.Wait()
		if page.Outbox().Closed() == nil || program.Outbox().Closed() != nil {
			t.Error("the page goes on, or the program was ended")
		}
		if _, err := attach(routertest.Person("ben")); err == nil {
			t.Error("a page joins while the server drains")
		}
		second, err := attach(routertest.Backend("php"))
		if err != nil {
			t.Fatalf("a program cannot join while the server drains: %v", err)
		}
		for range 12 { // it publishes for longer than the silence that ends the drain
			if err := second.Receive(t.Context(), []byte(`[7,"t",1,[],[]]`)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(70 * time.Millisecond)
			synctest.Wait()
			select {
			case <-drained:
				t.Fatal("the drain ended while a program published")
			default:
			}
		}
		<-drained
		if n := len(realm.Sessions()); n != 2 {
			t.Errorf("%d sessions are left for the shutdown", n)
		}
		for _, c := range all {
			go func() { time.Sleep(time.Millisecond); c.Detach(outbox.CloseShutdown) }()
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
