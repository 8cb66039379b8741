package router_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/wamp"
)

// exchange is a caller and a callee of one procedure, with the frames of their calls.
type exchange struct {
	caller, callee *member
	call           []byte
	yields         [][]byte // the answers to invocations 1, 2 ...
	taken          [][]byte
	next           int
}

func newExchange(t testing.TB, calls int) *exchange {
	r := router.New(router.Options{Limits: meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30}})
	r.AddRealm("app")
	e := &exchange{caller: enter(t, r, wamp.V2JSON), callee: enter(t, r, wamp.V2JSON)}
	e.callee.say(&wamp.Register{Request: 1, Procedure: "order.price"})
	e.call = encode(t, wamp.V2JSON, &wamp.Call{Request: 1, Procedure: "order.price", Payload: args(t, 1, 2, 3, 4)})
	for i := range calls {
		e.yields = append(e.yields, encode(t, wamp.V2JSON, &wamp.Yield{Request: wamp.ID(i + 1), Payload: args(t, 5)}))
	}
	e.drain()
	return e
}

func (e *exchange) drain() {
	e.taken = e.caller.client.Outbox().Take(e.taken[:0], 1<<20).Pieces
	e.taken = e.callee.client.Outbox().Take(e.taken[:0], 1<<20).Pieces
}

// round is one call and its answer.
func (e *exchange) round(t testing.TB) {
	receive(t, e.caller.client, e.call)
	receive(t, e.callee.client, e.yields[e.next])
	e.next++
	e.drain()
}

// A call without options must not pay for the features of other calls.
func TestAPlainCallAllocatesLittle(t *testing.T) {
	alloctest.SkipWithRace(t)
	const rounds, most = 100, 21
	e := newExchange(t, rounds+1) // AllocsPerRun makes one more call to warm up
	if got := testing.AllocsPerRun(rounds, func() { e.round(t) }); got > most {
		t.Errorf("a call and its answer allocate %v times, more than %d", got, most)
	}
}

func BenchmarkCall(b *testing.B) {
	e := newExchange(b, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		e.round(b)
	}
}
