package scenario

import (
	"context"

	"github.com/tidings-io/tidings/test/load/wire"
)

// wires returns the scenarios about encodings, compression and encryption.
func wires() []Scenario {
	return []Scenario{
		{"mixed", []Variant{tidingsMixed}, mixed},
		{"deflate", []Variant{tidings, tidingsDeflate}, fanout{1000, document, inFlight, 0}.measure},
		{"tls", []Variant{tidings, tidingsTLS}, fanout{1000, short, inFlight, 0}.measure},
	}
}

// mixed measures one topic whose subscribers use different dialects and serializations.
func mixed(ctx context.Context, b *Bench) (Figures, error) {
	dialects := []wire.Dialect{wire.WAMP1{}}
	for _, s := range []wire.Serialization{wire.JSON, wire.MessagePack, wire.CBOR} {
		dialects = append(dialects, wire.WAMP{Serialization: s, Login: wire.WithTicketOrKey})
	}
	clients := b.subscribers(b.clients(1000), func(int) string { return fanoutTopic })
	for i := range clients {
		clients[i].Dialect = dialects[i%len(dialects)]
	}
	return fanout{payload: short, window: inFlight}.to(ctx, b, clients)
}
