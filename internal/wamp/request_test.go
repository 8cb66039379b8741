package wamp_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

func TestOnlyARequestHasARequestID(t *testing.T) {
	for _, m := range []wamp.Message{
		&wamp.Subscribe{Request: 7}, &wamp.Unsubscribe{Request: 7}, &wamp.Publish{Request: 7},
		&wamp.Register{Request: 7}, &wamp.Unregister{Request: 7}, &wamp.Call{Request: 7},
	} {
		if got := wamp.RequestID(m); got != 7 {
			t.Errorf("%s has the request id %d", m.Code(), got)
		}
	}
	for _, m := range []wamp.Message{&wamp.Yield{Request: 7}, &wamp.Error{Request: 7}, &wamp.Hello{}, &wamp.Goodbye{}} {
		if got := wamp.RequestID(m); got != 0 {
			t.Errorf("%s has the request id %d", m.Code(), got)
		}
	}
}
