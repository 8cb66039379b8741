package scenario

import (
	"context"
	"maps"
	"time"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/wire"
)

// stormSize is the number of connections of a storm.
const stormSize = 3000

func storms() []Scenario {
	return []Scenario{
		{"storm", []Variant{floorEach, tidings, centrifugeJSON, nexusJSON}, storm},
		{"storm-v1", []Variant{tidings}, stormV1},
	}
}

// storm measures clients that all connect at the same time.
func storm(ctx context.Context, b *Bench) (Figures, error) {
	clients := b.subscribers(b.clients(stormSize), func(int) string { return fanoutTopic })
	_, figures, err := arrive(ctx, b, clients)
	return figures, err
}

// stormV1 measures a storm of version 1 clients, and then the cost of an event to them.
func stormV1(ctx context.Context, b *Bench) (Figures, error) {
	clients := b.subscribers(b.clients(stormSize), func(int) string { return fanoutTopic })
	for i := range clients {
		clients[i].Dialect = wire.WAMP1{}
	}
	subscribers, figures, err := arrive(ctx, b, clients)
	if err != nil {
		return nil, err
	}
	more, err := fanout{payload: short, window: inFlight}.publish(ctx, b, subscribers)
	delete(more, report.ServerBusy)
	delete(more, report.GeneratorBusy)
	maps.Copy(figures, more)
	return figures, err
}

// arrive connects clients as fast as the server accepts them.
func arrive(ctx context.Context, b *Bench, clients []generator.Client) ([]*generator.Conn, Figures, error) {
	start, err := b.usage()
	if err != nil {
		return nil, nil, err
	}
	conns, err := b.Player.Connect(ctx, clients)
	if err != nil {
		return nil, nil, err
	}
	end, err := b.usage()
	if err != nil {
		return nil, nil, err
	}
	used := generator.Result{
		Wall: end.at.Sub(start.at), ServerCPU: end.server - start.server, Worked: end.worked - start.worked,
	}
	figures := busy(used)
	figures[report.CPUPerConnection] = microseconds(used.ServerCPU) / float64(len(clients))
	return conns, figures, nil
}

// usage holds the CPU time of the server and the work of the generator at one moment.
type usage struct {
	at             time.Time
	server, worked time.Duration
}

func (b *Bench) usage() (u usage, err error) {
	u.server, err = b.Server.CPU()
	u.at, u.worked = time.Now(), b.Player.Worked()
	return u, err
}
