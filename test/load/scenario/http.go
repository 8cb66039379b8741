package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/servers"
	"github.com/tidings-io/tidings/test/load/wire"
)

// httpConnections is the number of connections that publish at the same time, each one publication after the other.
const httpConnections = 16

func overHTTP() []Scenario {
	return []Scenario{{"http-publish", []Variant{tidings, mercure}, publishOverHTTP}}
}

// publishers returns the server's dialect for publications over HTTP.
func (b *Bench) publishers() wire.Dialect {
	if b.Variant.Server.Program == servers.Mercure {
		return wire.Mercure{}
	}
	return wire.HTTP{}
}

// publishOverHTTP measures a topic with one subscriber, to which HTTP requests publish.
func publishOverHTTP(ctx context.Context, b *Bench) (Figures, error) {
	subscriber, err := b.connectOne(ctx, b.client(wire.Subscriber, 0, fanoutTopic))
	if err != nil {
		return nil, fmt.Errorf("subscriber: %w", err)
	}
	streams, err := b.httpStreams(ctx)
	if err != nil {
		return nil, err
	}
	result, err := b.play(ctx, generator.Traffic{Streams: streams, Window: len(streams), Next: generator.SameStream})
	if err != nil {
		return nil, err
	}
	published := uint64(0)
	for _, s := range streams {
		published += s.Publisher.Events()
	}
	if err := b.await(ctx, subscriber, published); err != nil {
		return nil, err
	}
	figures := busy(result)
	figures[report.CPUPerPublication] = microseconds(result.ServerCPU) / float64(result.Publications)
	figures[report.EventsPerSecond] = float64(result.Publications) / result.Wall.Seconds()
	return figures, nil
}

// httpStreams returns streams whose connections publish and count the responses.
func (b *Bench) httpStreams(ctx context.Context) ([]generator.Stream, error) {
	dialect := b.publishers()
	clients := make([]generator.Client, httpConnections)
	for i := range clients {
		clients[i] = b.client(wire.Publisher, 1+i)
		clients[i].Dialect, clients[i].Meter = dialect, new(wire.Responses)
	}
	conns, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	streams := make([]generator.Stream, len(conns))
	for i, conn := range conns {
		streams[i] = generator.Stream{
			Publisher:   conn,
			Append:      repeated(dialect.AppendPublish(nil, fanoutTopic, short)),
			Subscribers: conns[i : i+1],
		}
	}
	return streams, nil
}

// await waits until a subscriber has received that many events in total.
func (b *Bench) await(ctx context.Context, subscriber *generator.Conn, events uint64) error {
	const pause, rounds = 10 * time.Millisecond, 500
	for range rounds {
		if subscriber.Events() == events {
			return nil
		}
		if err := b.Player.Idle(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("events are lost: the subscriber has %d of %d", subscriber.Events(), events)
}
