package router_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// totalTest is a router whose clients together may have a MiB waiting.
type totalTest struct {
	*testing.T
	router *router.Router
	realm  *router.Realm
}

func newTotalTest(t *testing.T) *totalTest {
	s := &totalTest{T: t}
	s.router = router.New(router.Options{Limits: meter.Limits{OutboxTotal: 1 << 20, MessageRate: 1e9, MessageBurst: 1 << 30}})
	s.realm = s.router.AddRealm("app")
	return s
}

func (s *totalTest) subscriber(topic wamp.URI) *member {
	m := enter(s, s.router, wamp.V2JSON)
	m.say(&wamp.Subscribe{Request: m.next.Next(), Topic: topic})
	m.listen()
	s.Cleanup(func() { m.client.Detach(outbox.CloseLost) })
	return m
}

func (s *totalTest) publish(topic wamp.URI, bytes int) {
	payload, err := wamp.NewPayload([]any{strings.Repeat("x", bytes)}, nil)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.realm.Publish(router.Publication{Topic: topic, Payload: payload}); err != nil {
		s.Fatal(err)
	}
	synctest.Wait() // for the relief
}

func (m *member) closed() bool { return m.client.Outbox().Closed() != nil }

func TestTheClientThatHoldsTheMostIsClosedWhenTooMuchWaitsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTotalTest(t)
		var clients []*member
		for i := range 5 {
			clients = append(clients, s.subscriber(wamp.URI(fmt.Sprint("t.", i))))
		}
		for i := range clients { // 100, 200 ... 500 KiB
			for range i + 1 {
				s.publish(wamp.URI(fmt.Sprint("t.", i)), 100<<10)
			}
		}
		for i, c := range clients { // the fourth had the most at first, and later the fifth
			if want := i == 4 || i == 3; c.closed() != want {
				t.Errorf("client %d is closed: %t", i, c.closed())
			}
		}
		stats := s.router.Stats()
		if stats.ClosedTotal != stats.Closes[outbox.CloseSlow] || stats.ClosedTotal == 0 || stats.OutboxBytes > 1<<20 {
			t.Errorf("counted %+v", stats)
		}
	})
}

func TestALongMessageToManyClientsIsNotTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTotalTest(t)
		var clients []*member
		for range 20 {
			clients = append(clients, s.subscriber("news"))
		}
		s.publish("news", 500<<10) // 10 MB, if it counted for each client
		for i, c := range clients {
			if c.closed() {
				t.Fatalf("client %d was closed", i)
			}
		}
	})
}

func TestAnswersCountForTheTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTotalTest(t)
		payload, err := wamp.NewPayload([]any{strings.Repeat("x", 400<<10)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		callee := enter(t, s.router, wamp.V2JSON)
		callee.say(&wamp.Register{Request: callee.next.Next(), Procedure: "long"})
		answer := func() {
			callee.heard = nil
			callee.listen()
			for _, m := range callee.heard {
				if m, ok := m.(*wamp.Invocation); ok {
					callee.say(&wamp.Yield{Request: m.Request, Payload: payload})
				}
			}
			synctest.Wait()
		}
		var callers []*member
		for range 3 {
			caller := enter(t, s.router, wamp.V2JSON)
			caller.say(&wamp.Call{Request: caller.next.Next(), Procedure: "long"})
			callers = append(callers, caller)
			answer()
		}
		closed := 0
		for _, c := range callers {
			if c.closed() {
				closed++
			}
		}
		if closed != 2 { // then a quarter is free
			t.Errorf("%d of 3 callers that do not read were closed", closed)
		}
	})
}

func TestTheTotalCanBeChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTotalTest(t)
		settings := s.router.Settings()
		settings.Limits.OutboxTotal = 4 << 20
		s.router.Change(t.Context(), settings)
		slow := s.subscriber("t")
		s.publish("t", 2<<20)
		if slow.closed() {
			t.Error("the former total holds")
		}
	})
}
