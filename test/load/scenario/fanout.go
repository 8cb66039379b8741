package scenario

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/wire"
)

// fanoutTopic is the topic of every scenario with one topic.
const fanoutTopic = "load.fanout"

// inFlight is the number of publications that a closed loop keeps in flight.
const inFlight = 64

// fanout measures one topic with many subscribers.
type fanout struct {
	subscribers int
	payload     []byte
	window      int     // of a closed loop, or
	rate        float64 // publications a second
}

func fanouts() []Scenario {
	return []Scenario{
		{"fanout-1-saturated", withJSON, fanout{1, short, inFlight, 0}.measure},
		{"fanout-100-saturated", withJSON, fanout{100, short, inFlight, 0}.measure},
		{"fanout-1000-saturated", allVariants, fanout{1000, short, inFlight, 0}.measure},
		{"fanout-10000-saturated", withJSON, fanout{10_000, short, 4, 0}.measure},
		{"fanout-1000-2k-saturated", withJSON, fanout{1000, document, inFlight, 0}.measure},
		{"fanout-100-rate", withJSON, fanout{100, short, 0, 100}.measure},
		{"fanout-1000-rate", allVariants, fanout{1000, short, 0, 20}.measure},
		{"fanout-10000-rate", withoutNexus, fanout{10_000, short, 0, 2}.measure},
	}
}

func (f fanout) measure(ctx context.Context, b *Bench) (Figures, error) {
	subscribers := b.subscribers(b.clients(f.subscribers), func(int) string { return fanoutTopic })
	return f.to(ctx, b, subscribers)
}

// to connects the clients, which subscribe to the one topic, and publishes to them.
func (f fanout) to(ctx context.Context, b *Bench, clients []generator.Client) (Figures, error) {
	subscribers, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return nil, err
	}
	return f.publish(ctx, b, subscribers)
}

// publish publishes to subscribed clients and measures.
func (f fanout) publish(ctx context.Context, b *Bench, subscribers []*generator.Conn) (Figures, error) {
	publisher, err := b.connectOne(ctx, b.client(wire.Publisher, len(subscribers)))
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	result, err := b.play(ctx, generator.Traffic{
		Streams: []generator.Stream{{
			Publisher:   publisher,
			Append:      repeated(b.Dialect.AppendPublish(nil, fanoutTopic, f.payload)),
			Subscribers: subscribers,
		}},
		Window: f.window, Rate: f.rate,
	})
	if err != nil {
		return nil, err
	}
	figures := events(result)
	if f.rate > 0 {
		addLatency(figures, result.Latency)
	}
	return figures, nil
}
