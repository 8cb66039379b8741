package router_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// A retained event for all subscribers replaces events for some of them, which must not stay in memory uncounted.
func TestReplacedRetainedEventsAreFreed(t *testing.T) {
	const each = 1 << 20
	r := router.New(router.Options{Journal: inMemory, Retention: retainOnRequest})
	realm := r.AddRealm("app")
	large := wamp.Payload{Args: append(append([]byte(`["`), bytes.Repeat([]byte("x"), each)...), `"]`...)}
	before := int(heap())
	for range 8 {
		realm.Publish(router.Publication{Topic: "t", Payload: large, Retain: true, Filter: publication.Filter{EligibleAuthRole: []string{"staff"}}})
	}
	realm.Publish(router.Publication{Topic: "t", Retain: true})
	if held := int(heap()) - before; held > 2*each {
		t.Errorf("%d bytes are held for one small event", held)
	}
	runtime.KeepAlive(large)
	runtime.KeepAlive(r)
}
