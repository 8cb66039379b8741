package scenario

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/wire"
)

// manyTopics measures topics with one subscriber each, to which one connection publishes in turn.
type manyTopics struct {
	window int     // of a closed loop, or
	rate   float64 // publications a second, over all topics
}

func topics() []Scenario {
	return []Scenario{
		{"topics-1000", channels, manyTopics{inFlight, 0}.measure},
		{"topics-1000-rate", channels, manyTopics{0, 10_000}.measure},
	}
}

func (m manyTopics) measure(ctx context.Context, b *Bench) (Figures, error) {
	name := func(i int) string { return fmt.Sprintf("load.topic.%d", i) }
	clients := b.subscribers(b.clients(1000), name)
	subscribers, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return nil, err
	}
	publisher, err := b.connectOne(ctx, b.client(wire.Publisher, len(clients)))
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	streams := make([]generator.Stream, len(subscribers))
	for i := range streams {
		streams[i] = generator.Stream{
			Publisher:   publisher,
			Append:      repeated(b.Dialect.AppendPublish(nil, name(i), short)),
			Subscribers: subscribers[i : i+1],
		}
	}
	result, err := b.play(ctx, generator.Traffic{Streams: streams, Window: m.window, Rate: m.rate})
	if err != nil {
		return nil, err
	}
	figures := events(result)
	if m.rate > 0 {
		addLatency(figures, result.Latency)
	}
	return figures, nil
}
