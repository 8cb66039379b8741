package router_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestAClientIsReadAsFastAsItsRateAllows(t *testing.T) {
	for name, test := range map[string]struct {
		bytes int
		want  time.Duration // for 30 publications at 10 messages in a second, of which 10 at once
	}{
		"short":             {1, 2 * time.Second},
		"longer than 4 KiB": {5000, 5 * time.Second},
		"long":              {100_000, 29 * time.Second}, // each one costs a burst
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := router.New(router.Options{Limits: meter.Limits{MessageRate: 10, MessageBurst: 10}})
				r.AddRealm("app")
				publisher := enter(t, r, wamp.V2JSON)
				time.Sleep(time.Minute) // what joining cost is forgotten
				began := time.Now()
				payload := wamp.Payload{Args: []byte(`["` + strings.Repeat("a", test.bytes) + `"]`)}
				for range 30 {
					message := &wamp.Publish{Request: publisher.next.Next(), Topic: "topic", Payload: payload}
					if err := publisher.client.Receive(t.Context(), encode(t, wamp.V2JSON, message)); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(began).Round(time.Second); took != test.want {
					t.Errorf("took %s, want %s", took, test.want)
				}
			})
		})
	}
}
