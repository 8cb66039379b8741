package router_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestAPublicationMayReachSubscribersHereAndElsewhere(t *testing.T) {
	r := router.New(router.Options{Interest: func(topic wamp.URI) bool { return topic == "elsewhere" }})
	realm := r.AddRealm("app")
	m := enter(t, r, wamp.V2JSON)
	m.say(&wamp.Subscribe{Request: 1, Topic: "page.", Options: wamp.Dict{"match": "prefix"}})
	cancel, err := realm.Subscribe("component", wamp.MatchExact, func(router.LocalEvent) {})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want bool, topics ...wamp.URI) {
		t.Helper()
		for _, topic := range topics {
			if got := realm.MayReach(topic); got != want {
				t.Errorf("a publication to %s may reach a subscriber: %t", topic, got)
			}
		}
	}
	expect(true, "page.1", "component", "elsewhere")
	expect(false, "nowhere")
	m.client.Detach(outbox.CloseLost)
	cancel()
	expect(true, "elsewhere")
	expect(false, "page.1", "component")
}
