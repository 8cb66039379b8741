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
	_, used, err := arrive(ctx, b, clients)
	return each(used, report.CPUPerConnection, len(clients)), err
}

// stormV1 measures a storm of version 1 clients, and then the cost of an event to them.
func stormV1(ctx context.Context, b *Bench) (Figures, error) {
	clients := b.subscribers(b.clients(stormSize), func(int) string { return fanoutTopic })
	for i := range clients {
		clients[i].Dialect = wire.WAMP1{}
	}
	subscribers, used, err := arrive(ctx, b, clients)
	if err != nil {
		return nil, err
	}
	figures := each(used, report.CPUPerConnection, len(clients))
	more, err := fanout{payload: short, window: inFlight}.publish(ctx, b, subscribers)
	delete(more, report.ServerBusy)
	delete(more, report.GeneratorBusy)
	maps.Copy(figures, more)
	return figures, err
}

// arrive connects clients as fast as the server accepts them.
func arrive(ctx context.Context, b *Bench, clients []generator.Client) (conns []*generator.Conn, used generator.Result, err error) {
	used, err = b.used(func() error {
		conns, err = b.Player.Connect(ctx, clients)
		return err
	})
	return conns, used, err
}

// used returns what a step costs.
func (b *Bench) used(step func() error) (generator.Result, error) {
	start, err := b.usage()
	if err != nil {
		return generator.Result{}, err
	}
	if err := step(); err != nil {
		return generator.Result{}, err
	}
	end, err := b.usage()
	return end.since(start), err
}

// each returns the cost of each of n clients under a name.
func each(used generator.Result, name string, n int) Figures {
	figures := busy(used)
	figures[name] = microseconds(used.ServerCPU) / float64(n)
	return figures
}

// usage holds the CPU time of the server and the work of the generator at one moment.
type usage struct {
	at             time.Time
	server, worked time.Duration
}

func (u usage) since(start usage) generator.Result {
	return generator.Result{Wall: u.at.Sub(start.at), ServerCPU: u.server - start.server, Worked: u.worked - start.worked}
}

func (b *Bench) usage() (u usage, err error) {
	u.server, err = b.Server.CPU()
	u.at, u.worked = time.Now(), b.Player.Worked()
	return u, err
}
