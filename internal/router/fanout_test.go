package router_test

import (
	"runtime"
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

const fanout = 1000

// headerFraming is a framing like that of WebSocket, with a header of four bytes.
type headerFraming struct{}

func (headerFraming) Frame(dst, message []byte) ([]byte, bool) {
	return append(append(dst, 0x81, 126, byte(len(message)>>8), byte(len(message))), message...), true
}

// fanoutTest is a router with subscribers of one topic and a publisher.
type fanoutTest struct {
	router    *router.Router
	realm     *router.Realm
	clients   []*router.Client
	publisher *member
	publish   []byte // the frame of a PUBLISH
	taken     [][]byte
}

func newFanoutTest(t testing.TB, formats ...outbox.Format) *fanoutTest {
	return newFanoutTestWith(t, router.Options{}, formats...)
}

func newFanoutTestWith(t testing.TB, options router.Options, formats ...outbox.Format) *fanoutTest {
	options.Limits = meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30}
	a := &fanoutTest{router: router.New(options)}
	a.realm = a.router.AddRealm("app")
	for i := range fanout {
		f := formats[i%len(formats)]
		c := a.router.Attach(router.Attachment{Format: f})
		join(t, c, f.Encoding)
		a.clients = append(a.clients, c)
	}
	a.publisher = enter(t, a.router, wamp.V2JSON)
	a.publish = encode(t, wamp.V2JSON, &wamp.Publish{Request: 1, Topic: "order.42", Payload: args(t, 1, 2, 3, 4, 5, 6, 7, 8)})
	a.drain()
	return a
}

// join joins a client of any dialect and subscribes it.
func join(t testing.TB, c *router.Client, encoding wamp.Encoding) {
	if encoding == wamp.V1JSON {
		if err := c.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		receive(t, c, []byte(`[5,"order.42"]`))
		return
	}
	receive(t, c, encode(t, encoding, &wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"subscriber": wamp.Dict{}}}}))
	receive(t, c, encode(t, encoding, &wamp.Subscribe{Request: 1, Topic: "order.42"}))
}

func receive(t testing.TB, c *router.Client, frame []byte) {
	if err := c.Receive(t.Context(), frame); err != nil {
		t.Fatal(err)
	}
}

// drain empties the outboxes, as writers do.
func (a *fanoutTest) drain() {
	for _, c := range a.clients {
		a.taken = c.Outbox().Take(a.taken[:0], 1<<20).Pieces
	}
}

var (
	jsonFormat   = outbox.Format{Encoding: wamp.V2JSON, Framing: headerFraming{}}
	mixedFormats = []outbox.Format{
		jsonFormat,
		{Encoding: wamp.V2MessagePack, Framing: headerFraming{}},
		{Encoding: wamp.V2CBOR, Framing: headerFraming{}},
		{Encoding: wamp.V1JSON, Framing: headerFraming{}},
	}
)

func TestAnEventIsEncodedOnceForEachFormat(t *testing.T) {
	for name, formats := range map[string][]outbox.Format{"one": {jsonFormat}, "mixed": mixedFormats} {
		t.Run(name, func(t *testing.T) {
			a := newFanoutTest(t, formats...)
			before := a.router.Stats()
			receive(t, a.publisher.client, a.publish)
			after := a.router.Stats()
			if got := after.Encodings - before.Encodings; got != uint64(len(formats)) {
				t.Errorf("%d encodings for %d formats", got, len(formats))
			}
			if got := after.Events - before.Events; got != fanout {
				t.Errorf("%d events for %d subscribers", got, fanout)
			}
			a.expectShared(t, len(formats))
		})
	}
}

// expectShared checks that clients of one format share one byte slice.
func (a *fanoutTest) expectShared(t *testing.T, formats int) {
	arrays := map[*byte]int{}
	for _, c := range a.clients {
		frames := c.Outbox().Take(nil, 1<<20).Pieces
		if len(frames) != 1 {
			t.Fatalf("a subscriber got %d frames", len(frames))
		}
		arrays[&frames[0][0]]++
	}
	if len(arrays) != formats {
		t.Errorf("%d byte arrays for %d formats", len(arrays), formats)
	}
}

func TestDeliveryAllocatesNothingPerSubscriber(t *testing.T) {
	a := newFanoutTest(t, mixedFormats...)
	allocations := testing.AllocsPerRun(20, func() {
		receive(t, a.publisher.client, a.publish)
		a.drain()
	})
	if perEvent := allocations / fanout; perEvent > 0.1 {
		t.Errorf("%.0f allocations for %d events: %.2f for each", allocations, fanout, perEvent)
	}
}

func TestABurstReusesItsMemory(t *testing.T) {
	a := newFanoutTest(t, jsonFormat)
	allocations := testing.AllocsPerRun(5, func() {
		for range 100 {
			receive(t, a.publisher.client, a.publish)
		}
		a.drain()
	})
	if perEvent := allocations / (100 * fanout); perEvent > 0.1 {
		t.Errorf("%.2f allocations for each event of a burst", perEvent)
	}
}

func TestAnIdleSessionIsSmall(t *testing.T) {
	const sessions = 5000
	r := router.New(router.Options{Authenticator: scriptAuthenticator{}})
	r.AddRealm("app")
	clients := make([]*router.Client, 0, sessions)
	hello := encode(t, wamp.V2JSON, &wamp.Hello{Realm: "app", Details: wamp.Dict{
		"roles": wamp.Dict{"subscriber": wamp.Dict{}}, "authid": "42", "authrole": "user",
	}})
	subscribe := encode(t, wamp.V2JSON, &wamp.Subscribe{Request: 1, Topic: "order.42"})
	var taken [][]byte
	before := heap()
	for range sessions {
		c := r.Attach(router.Attachment{Format: jsonFormat})
		receive(t, c, hello)
		receive(t, c, subscribe)
		taken = c.Outbox().Take(taken[:0], 1<<20).Pieces
		clients = append(clients, c)
	}
	clear(taken)
	perSession := int(heap()-before) / sessions
	t.Logf("an idle subscribed session holds %d bytes", perSession)
	if perSession > 1024 && !alloctest.Race { // its shadow memory counts as the process's own
		t.Errorf("an idle subscribed session holds %d bytes", perSession)
	}
	runtime.KeepAlive(clients)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkPublishFanout1000(b *testing.B) { benchmarkFanout(b, jsonFormat) }

func BenchmarkPublishFanout1000Mixed(b *testing.B) { benchmarkFanout(b, mixedFormats...) }

func benchmarkFanout(b *testing.B, formats ...outbox.Format) {
	a := newFanoutTest(b, formats...)
	before := a.router.Stats()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	allocated := memory.Mallocs
	publications := 0
	for b.Loop() {
		receive(b, a.publisher.client, a.publish)
		a.drain()
		publications++
	}
	runtime.ReadMemStats(&memory)
	after := a.router.Stats()
	events := float64(after.Events - before.Events)
	if after.Encodings-before.Encodings != uint64(publications*len(formats)) {
		b.Errorf("%d encodings for %d publications in %d formats", after.Encodings-before.Encodings, publications, len(formats))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
	b.ReportMetric(float64(memory.Mallocs-allocated)/events, "allocs/event")
	b.ReportMetric(float64(after.Encodings-before.Encodings)/float64(publications), "encodings/op")
}
