package scenario

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/wire"
)

// kept returns the scenarios about topics of which publications are kept, in memory. Their first server does not keep.
func kept() []Scenario {
	return []Scenario{
		{"kept-fanout-1000", whatIsKept, fanout{1000, short, inFlight, 0}.measure},
		{"kept-topics-1000", whatIsKept, manyTopics{inFlight, 0}.measure},
	}
}

// stored returns the scenarios about publications that are on the disk before they are acknowledged.
func stored() []Scenario {
	return []Scenario{{"stored", []Variant{tidingsStored}, storing}}
}

// storing measures a publisher that waits for each acknowledgement, the same publisher with 64 publications in flight,
// and 64 publishers that wait for each of theirs.
func storing(ctx context.Context, b *Bench) (Figures, error) {
	one, err := b.storers(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	alone, err := b.store(ctx, one, 1)
	if err != nil {
		return nil, fmt.Errorf("one after another: %w", err)
	}
	together, err := b.store(ctx, one, inFlight)
	if err != nil {
		return nil, fmt.Errorf("%d in flight: %w", inFlight, err)
	}
	many, err := b.storers(ctx, 1, inFlight)
	if err != nil {
		return nil, err
	}
	each, err := b.store(ctx, many, len(many))
	if err != nil {
		return nil, fmt.Errorf("%d publishers: %w", len(many), err)
	}
	figures := busy(together)
	rate := func(r generator.Result) float64 { return float64(r.Events) / r.Wall.Seconds() }
	figures[report.OneByOnePerSecond], figures[report.PublicationsPerSecond] = rate(alone), rate(together)
	figures[report.PublishersPerSecond], figures[report.GroupGain] = rate(each), rate(together)/rate(alone)
	figures[report.CPUPerPublication] = microseconds(together.ServerCPU) / float64(together.Events)
	return figures, nil
}

// storers connects n publishers, the first of which is the client with this number.
func (b *Bench) storers(ctx context.Context, first, n int) ([]*generator.Conn, error) {
	dialect, ok := b.Dialect.(wire.Acknowledged)
	if !ok {
		return nil, fmt.Errorf("the dialect %T counts no acknowledgements", b.Dialect)
	}
	clients := make([]generator.Client, b.clients(n))
	for i := range clients {
		clients[i] = b.client(wire.Publisher, first+i)
		clients[i].Meter = dialect.Acknowledgements()
	}
	conns, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return nil, fmt.Errorf("publishers: %w", err)
	}
	return conns, nil
}

// store measures acknowledged publications, with so many in flight.
func (b *Bench) store(ctx context.Context, publishers []*generator.Conn, window int) (generator.Result, error) {
	publication := repeated(b.Dialect.(wire.Keeper).Keep(fanoutTopic, short).Send)
	streams := make([]generator.Stream, len(publishers))
	for i, c := range publishers {
		streams[i] = generator.Stream{Publisher: c, Append: publication, Subscribers: publishers[i : i+1]}
	}
	return b.play(ctx, generator.Traffic{Streams: streams, Window: window, Next: generator.SameStream})
}
