package router_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A client that subscribes while another one publishes gets the last event, retained or new, and then each later event
// once.
func TestALateSubscriberMissesNothingAndGetsNothingTwice(t *testing.T) {
	const publications = 300
	journal := &watchedJournal{afterAppend: runtime.Gosched, beforeRetained: runtime.Gosched, afterRetained: runtime.Gosched}
	r := router.New(router.Options{
		Journal: journal.open,
		Limits:  meter.Limits{MessageRate: 1e9, MessageBurst: 1 << 30},
		Retention: func(wamp.URI) publication.Retention {
			return publication.Retention{Keep: publication.Keep{Last: 5}}
		},
	})
	if _, err := meta.Attach(r.AddRealm("app"), meta.Options{}); err != nil {
		t.Fatal(err)
	}
	publisher := enter(t, r, wamp.V2JSON)
	publish := func(n int) {
		publisher.say(&wamp.Publish{Request: wamp.ID(n), Topic: "state", Options: wamp.Dict{"retain": true}, Payload: args(t, n)})
	}
	publish(1)
	var crowd sync.WaitGroup
	crowd.Go(func() {
		for n := 2; n <= publications; n++ {
			publish(n)
		}
	})
	late := make([]*member, 20)
	for i := range late {
		crowd.Go(func() {
			late[i] = enter(t, r, []wamp.Encoding{wamp.V2JSON, wamp.V2CBOR, wamp.V2MessagePack}[i%3])
			late[i].say(&wamp.Subscribe{Request: 1, Topic: "state", Options: wamp.Dict{"get_retained": true}})
			late[i].say(&wamp.Call{Request: 2, Procedure: "wamp.subscription.get_events", Payload: args(t, 1)})
		})
	}
	crowd.Wait()
	for _, m := range late {
		m.listen()
		m.expectNoGap(publications)
	}
}

func (m *member) expectNoGap(last int) {
	m.t.Helper()
	seen := 0
	for _, message := range m.heard {
		event, ok := message.(*wamp.Event)
		if !ok {
			continue
		}
		n := ints(m.t, event.Payload)[0]
		retained, _ := event.Details.Bool("retained")
		if seen != 0 && (retained || n != seen+1) {
			m.t.Errorf("%d came after %d, retained: %v", n, seen, retained)
		}
		seen = n
	}
	if seen != last {
		m.t.Errorf("the last that came is %d of %d", seen, last)
	}
}
