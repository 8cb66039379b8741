package router_test

import (
	"fmt"
	"testing"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// keepingAll keeps the last hundred publications of every topic, or nothing.
func keepingAll(b *testing.B, kept bool) (*router.Router, *router.Realm) {
	b.Helper()
	options := router.Options{Limits: meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30}}
	if kept {
		options.Journal = func(wamp.URI) publication.Journal { return journal.New(journal.Options{Bytes: 1 << 30}) }
		options.Retention = func(wamp.URI) publication.Retention { return publication.Retention{Keep: publication.Keep{Last: 100}} }
	}
	r := router.New(options)
	return r, r.AddRealm("app")
}

// follow attaches a client that subscribes with positions.
func follow(b *testing.B, r *router.Router, topic wamp.URI) *router.Client {
	b.Helper()
	c := r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V2JSON, Framing: headerFraming{}}})
	receive(b, c, encode(b, wamp.V2JSON, &wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"subscriber": wamp.Dict{}}}}))
	receive(b, c, encode(b, wamp.V2JSON, &wamp.Subscribe{Request: 1, Topic: topic, Options: wamp.Dict{"_positions": true}}))
	c.Outbox().Take(nil, 1<<20)
	return c
}

// What positions cost a fan-out, beside the same one without: the publications come as they do from a client.
func BenchmarkKeptFanout1000(b *testing.B) {
	for name, kept := range map[string]bool{"not kept": false, "kept with positions": true} {
		b.Run(name, func(b *testing.B) {
			r, _ := keepingAll(b, kept)
			clients := make([]*router.Client, fanout)
			for i := range clients {
				clients[i] = follow(b, r, "order.42")
			}
			publisher := enter(b, r, wamp.V2JSON)
			frame := encode(b, wamp.V2JSON, &wamp.Publish{Request: 1, Topic: "order.42", Payload: args(b, 1, 2, 3, 4, 5, 6, 7, 8)})
			var taken [][]byte
			for b.Loop() {
				receive(b, publisher.client, frame)
				for _, c := range clients {
					taken = c.Outbox().Take(taken[:0], 1<<20).Pieces
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/fanout, "ns/event")
		})
	}
}

// The same with a topic for each subscriber.
func BenchmarkKeptTopics1000(b *testing.B) {
	for name, kept := range map[string]bool{"not kept": false, "kept with positions": true} {
		b.Run(name, func(b *testing.B) {
			r, _ := keepingAll(b, kept)
			clients, frames := make([]*router.Client, 1000), make([][]byte, 1000)
			for i := range clients {
				topic := wamp.URI(fmt.Sprint("order.", i))
				clients[i] = follow(b, r, topic)
				frames[i] = encode(b, wamp.V2JSON, &wamp.Publish{Request: wamp.ID(i + 1), Topic: topic, Payload: args(b, 1, 2, 3, 4, 5, 6, 7, 8)})
			}
			publisher := enter(b, r, wamp.V2JSON)
			var taken [][]byte
			i := 0
			for b.Loop() {
				receive(b, publisher.client, frames[i%1000])
				taken = clients[i%1000].Outbox().Take(taken[:0], 1<<20).Pieces
				i++
			}
		})
	}
}

// A client that comes back and has missed a hundred events.
func BenchmarkResume100(b *testing.B) {
	r, realm := keepingAll(b, true)
	for n := range 100 {
		if _, err := realm.Publish(router.Publication{Topic: "order.42", Payload: args(b, n)}); err != nil {
			b.Fatal(err)
		}
	}
	epoch := ""
	{
		c := enter(b, r, wamp.V2JSON)
		c.say(&wamp.Subscribe{Request: 1, Topic: "order.42", Options: wamp.Dict{"_positions": true}})
		c.listen()
		epoch, _ = c.heard[len(c.heard)-1].(*wamp.Subscribed).Details.String("_epoch")
	}
	frame := encode(b, wamp.V2JSON, &wamp.Subscribe{
		Request: 1, Topic: "order.42", Options: wamp.Dict{"_since": wamp.Dict{"_epoch": epoch, "_seq": 0}},
	})
	c := enter(b, r, wamp.V2JSON)
	var taken [][]byte
	for b.Loop() {
		receive(b, c.client, frame)
		taken = c.client.Outbox().Take(taken[:0], 1<<24).Pieces
	}
	if len(taken) != 101 {
		b.Errorf("%d frames", len(taken))
	}
}
