package router_test

import (
	"fmt"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// BenchmarkPublishAmongPatterns publishes to a topic that one prefix and one wildcard match, among many patterns that
// do not match. The cost should hardly depend on the number of patterns.
func BenchmarkPublishAmongPatterns(b *testing.B) {
	for _, patterns := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(patterns), func(b *testing.B) {
			realm := router.New(router.Options{}).AddRealm("app")
			received := 0
			listen := func(topic string, match wamp.Match) {
				if _, err := realm.Subscribe(wamp.URI(topic), match, func(router.LocalEvent) { received++ }); err != nil {
					b.Fatal(err)
				}
			}
			for i := range patterns / 2 {
				listen(fmt.Sprintf("shop.%d.order.", i), wamp.MatchPrefix)
				listen(fmt.Sprintf("shop.%d..changed", i), wamp.MatchWildcard)
			}
			publication := router.Publication{Topic: "shop.7.order.changed", Payload: args(b, 1)}
			publications := 0
			b.ReportAllocs()
			for b.Loop() {
				realm.Publish(publication)
				publications++
			}
			if received != 2*publications {
				b.Errorf("%d deliveries of %d publications", received, publications)
			}
		})
	}
}
