// Package scenario is what is measured: each scenario is a situation that all of its servers are put into,
// one after the other, with the same clients and the same publications.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/servers"
	"github.com/tidings-io/tidings/test/load/wire"
)

// Scenario is one situation.
type Scenario struct {
	Name     string
	Variants []Variant
	// Measure puts a server that has just been started into it.
	Measure func(context.Context, *Bench) (Figures, error)
}

// Variant is a server, and how its clients speak.
type Variant struct {
	Name    string
	Server  servers.Spec
	Dialect wire.Dialect
}

// Figures are what was measured, by the names of package report.
type Figures = map[string]float64

// Scale is how long and how large measurements are.
type Scale struct {
	WarmUp, Measure time.Duration
	Settle          time.Duration // how long memory has to be the same until it is believed
	Resting         int           // connections for the scenario about memory

	// For trying the scenarios out:

	Clients int     // the most subscribers; 0: as many as the scenario has
	Rate    float64 // the fewest publications a second, where a scenario says how many; 0: as it says
}

// Bench is where one measurement takes place.
type Bench struct {
	Scale
	Variant Variant
	Dialect wire.Dialect // of the variant
	Server  *servers.Server
	Player  *generator.Player
}

// within bounds a whole measurement, from the start of the server to its end.
const within = 3 * time.Minute

var errTooLong = fmt.Errorf("the measurement took longer than %s", within)

// Run starts a fresh server, measures it, and stops it.
func (s *Scenario) Run(ctx context.Context, programs *servers.Programs, v Variant, scale Scale) (Figures, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, within, errTooLong)
	defer cancel()
	figures, err := s.run(ctx, programs, v, scale)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errTooLong) {
			err = cause
		}
		return nil, fmt.Errorf("%s, %s: %w", s.Name, v.Name, err)
	}
	return figures, nil
}

func (s *Scenario) run(ctx context.Context, programs *servers.Programs, v Variant, scale Scale) (Figures, error) {
	server, err := programs.Start(ctx, v.Server)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	figures, err := s.on(ctx, &Bench{Scale: scale, Variant: v, Dialect: v.Dialect, Server: server})
	if err != nil {
		return nil, fmt.Errorf("%w; the server said last: %s", err, server.LastWords())
	}
	return figures, nil
}

// on measures; its clients are gone when it returns.
func (s *Scenario) on(ctx context.Context, b *Bench) (figures Figures, err error) {
	if b.Player, err = generator.New(b.Server.Address, b.Server.TLS); err != nil {
		return nil, err
	}
	defer b.Player.Close()
	return s.Measure(ctx, b)
}

// clients is n, or what the scale allows.
func (s Scale) clients(n int) int {
	if s.Clients > 0 {
		return min(n, s.Clients)
	}
	return n
}

// subscribers are clients that subscribe to one topic each.
func (b *Bench) subscribers(n int, topic func(i int) string) []generator.Client {
	clients := make([]generator.Client, n)
	for i := range clients {
		clients[i] = b.client(wire.Subscriber, i, topic(i))
	}
	return clients
}

func (b *Bench) client(role wire.Role, number int, topics ...string) generator.Client {
	return generator.Client{
		Client:  wire.Client{Role: role, Number: number, Address: b.Server.Address, Topics: topics},
		Dialect: b.Dialect,
	}
}

// connectOne connects a client beside those that are connected.
func (b *Bench) connectOne(ctx context.Context, c generator.Client) (*generator.Conn, error) {
	conns, err := b.Player.Connect(ctx, []generator.Client{c})
	if err != nil {
		return nil, err
	}
	return conns[0], nil
}

// fewest is how many publications at a steady rate are measured, however long that takes.
const fewest = 6

// play publishes and measures.
func (b *Bench) play(ctx context.Context, t generator.Traffic) (generator.Result, error) {
	t.WarmUp, t.Measure, t.CPU = b.WarmUp, b.Measure, b.Server.CPU
	if t.Window == 0 {
		t.Rate = max(t.Rate, b.Rate)
		t.Measure = max(t.Measure, time.Duration(fewest/t.Rate*float64(time.Second)))
	}
	return b.Player.Play(ctx, t)
}

// busy is how much of their cores the server and the generator used.
func busy(r generator.Result) Figures {
	return Figures{
		report.ServerBusy:    r.ServerCPU.Seconds() / r.Wall.Seconds(),
		report.GeneratorBusy: r.Worked.Seconds() / r.Wall.Seconds(),
	}
}

// events is what publications and their events cost together.
func events(r generator.Result) Figures {
	figures := busy(r)
	figures[report.CPUPerEvent] = microseconds(r.ServerCPU) / float64(r.Events)
	figures[report.EventsPerSecond] = float64(r.Events) / r.Wall.Seconds()
	return figures
}

// addLatency adds how long events were on their way.
func addLatency(figures Figures, h *generator.Histogram) {
	figures[report.LatencyP50] = microseconds(h.Quantile(0.5))
	figures[report.LatencyP99] = microseconds(h.Quantile(0.99))
	figures[report.LatencyP999] = microseconds(h.Quantile(0.999))
}

func microseconds(d time.Duration) float64 { return d.Seconds() * 1e6 }

// repeated appends the same bytes for each publication.
func repeated(publication []byte) func([]byte) []byte {
	return func(dst []byte) []byte { return append(dst, publication...) }
}
