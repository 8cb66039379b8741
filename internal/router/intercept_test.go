package router_test

import (
	"slices"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/routertest"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestAnInterceptorTakesThePublicationsOfItsTopicInPlaceOfTheirDelivery(t *testing.T) {
	r, realm := routertest.Realm()
	subscriber := enter(t, r, wamp.V2JSON)
	for _, topic := range []wamp.URI{"a", "b"} {
		subscriber.say(&wamp.Subscribe{Request: 1, Topic: topic})
	}
	publisher := enter(t, r, wamp.V2JSON)
	var taken []int
	cancel := realm.Intercept("a", func(e router.LocalEvent) {
		n := ints(t, e.Payload)[0]
		taken = append(taken, n)
		if e.Publisher != nil {
			publishDirect(t, realm, 10*n)
		}
	})
	publisher.say(&wamp.Publish{Request: 1, Topic: "a", Payload: args(t, 1)}) // by a session
	publisher.say(&wamp.Publish{Request: 2, Topic: "b", Payload: args(t, 2)}) // another topic
	if receipt, err := realm.Publish(router.Publication{Topic: "a", Payload: args(t, 3)}); err != nil || receipt.Deliveries != 0 || receipt.Publication == 0 {
		t.Errorf("the receipt is %+v, %v", receipt, err)
	}
	if n, err := realm.PublishAll([]router.Publication{{Topic: "a", Payload: args(t, 4)}, {Topic: "a", Payload: args(t, 5)}, {Topic: "b", Payload: args(t, 6)}}); n != 1 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	cancel()
	publisher.say(&wamp.Publish{Request: 3, Topic: "a", Payload: args(t, 7)})
	if !slices.Equal(taken, []int{1, 3, 4, 5}) {
		t.Errorf("taken: %v", taken)
	}
	if got := subscriber.events(); !slices.Equal(got, []int{10, 2, 6, 7}) {
		t.Errorf("delivered: %v", got)
	}
}

func publishDirect(t *testing.T, realm *router.Realm, n int) {
	t.Helper()
	if _, err := realm.Publish(router.Publication{Topic: "a", Payload: args(t, n), Direct: true}); err != nil {
		t.Error(err)
	}
}
