package router_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Callees answer, are killed and join again, while callers call, cancel and use timeouts. Each call is answered once.
func TestCallsAreAnsweredOnceWhileCalleesJoinAndLeave(t *testing.T) {
	const callers, calls = 4, 300
	r := router.New(router.Options{Limits: meter.Limits{MessageBurst: 1 << 30}})
	realm := r.AddRealm("app")
	var calling, answering sync.WaitGroup
	var done atomic.Bool
	for range 2 {
		answering.Go(func() {
			for !done.Load() {
				serveForAWhile(t, r)
			}
		})
	}
	for range callers {
		calling.Go(func() { callMany(t, r, calls) })
	}
	calling.Go(func() {
		for range calls {
			callOfServer(t, realm)
		}
	})
	calling.Wait()
	done.Store(true)
	answering.Wait()
	if stats := r.Stats(); stats.Sessions+stats.Registrations != 0 {
		t.Errorf("something is left behind: %+v", stats)
	}
}

// serveForAWhile answers some invocations, and then leaves in the middle of others.
func serveForAWhile(t *testing.T, r *router.Router) {
	wake := make(chan struct{}, 1)
	m := &member{t: t, encoding: wamp.V2JSON}
	m.client = r.Attach(router.Attachment{
		Format: outbox.Format{Encoding: wamp.V2JSON},
		Waker: outbox.WakeFunc(func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		}),
	})
	m.say(&wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{
		"callee": wamp.Dict{"features": wamp.Dict{"call_canceling": true}},
	}}})
	m.say(&wamp.Register{Request: 1, Options: wamp.Dict{"invoke": "random"}, Procedure: "p"})
	killer := time.AfterFunc(time.Duration(rand.IntN(3))*time.Millisecond, func() { m.client.Session().Kill("", "at random") })
	defer killer.Stop()
	for range wake {
		here := m.listen()
		for _, message := range m.heard {
			if i, ok := message.(*wamp.Invocation); ok {
				m.say(&wamp.Yield{Request: i.Request, Payload: i.Payload})
			}
		}
		m.heard = nil
		if !here {
			break
		}
	}
	m.client.Detach(outbox.CloseLost)
}

func callMany(t *testing.T, r *router.Router, calls int) {
	m := enter(t, r, wamp.V2JSON)
	for n := range calls {
		id := m.next.Next()
		options := wamp.Dict{}
		if rand.IntN(4) == 0 {
			options["timeout"] = int64(1)
		}
		m.say(&wamp.Call{Request: id, Options: options, Procedure: "p", Payload: args(t, n)})
		if rand.IntN(4) == 0 {
			mode := []string{"skip", "kill", "killnowait"}[rand.IntN(3)]
			m.say(&wamp.Cancel{Request: id, Options: wamp.Dict{"mode": mode}})
		}
	}
	answers := map[wamp.ID]int{}
	for len(answers) < calls { // ends, because callees answer or leave
		if !m.listen() {
			t.Errorf("the conversation ended after %d answers", len(answers))
			return
		}
		for _, message := range m.heard {
			switch answer := message.(type) {
			case *wamp.Result:
				answers[answer.Request]++
				if got := ints(t, answer.Payload)[0]; got != int(answer.Request)-1 {
					t.Errorf("call %d got the answer of %d", answer.Request, got+1)
				}
			case *wamp.Error:
				answers[answer.Request]++
			}
		}
		m.heard = nil
		runtime.Gosched() // lets the callees run
	}
	m.client.Detach(outbox.CloseLost)
	m.listen()
	for id, n := range answers {
		if n != 1 {
			t.Errorf("call %d was answered %d times", id, n)
		}
	}
}

func callOfServer(t *testing.T, realm *router.Realm) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(200))*time.Microsecond)
	defer cancel()
	_, err := realm.Call(ctx, router.CallRequest{Procedure: "p"})
	var known *calls.Error
	var refused *wamp.Failure
	if err != nil && !errors.As(err, &known) && !errors.As(err, &refused) {
		t.Errorf("call of the server: %v", err)
	}
}
