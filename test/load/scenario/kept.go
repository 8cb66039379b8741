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

// storing measures one publisher, and then 64 publishers. Each waits for the acknowledgement before its next publication.
func storing(ctx context.Context, b *Bench) (Figures, error) {
	alone, err := b.storers(ctx, 0, 1)
	if err != nil {
		return nil, fmt.Errorf("one after another: %w", err)
	}
	together, err := b.storers(ctx, 1, inFlight)
	if err != nil {
		return nil, fmt.Errorf("%d in flight: %w", inFlight, err)
	}
	figures := busy(together)
	rate := func(r generator.Result) float64 { return float64(r.Events) / r.Wall.Seconds() }
	figures[report.OneByOnePerSecond], figures[report.PublicationsPerSecond] = rate(alone), rate(together)
	figures[report.GroupGain] = rate(together) / rate(alone)
	figures[report.CPUPerPublication] = microseconds(together.ServerCPU) / float64(together.Events)
	return figures, nil
}

// storers measures n publishers, the first of which is the client with this number.
func (b *Bench) storers(ctx context.Context, first, n int) (generator.Result, error) {
	dialect, ok := b.Dialect.(wire.Acknowledged)
	if !ok {
		return generator.Result{}, fmt.Errorf("the dialect %T counts no acknowledgements", b.Dialect)
	}
	clients := make([]generator.Client, b.clients(n))
	for i := range clients {
		clients[i] = b.client(wire.Publisher, first+i)
		clients[i].Meter = dialect.Acknowledgements()
	}
	conns, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return generator.Result{}, err
	}
	publication := repeated(dialect.Keep(fanoutTopic, short).Send)
	streams := make([]generator.Stream, len(conns))
	for i, c := range conns {
		streams[i] = generator.Stream{Publisher: c, Append: publication, Subscribers: conns[i : i+1]}
	}
	return b.play(ctx, generator.Traffic{Streams: streams, Window: len(conns), Next: generator.SameStream})
}
