// Package scenario defines what is measured. A scenario puts each of its servers into one situation, one after the
// other, with the same clients and the same publications.
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

// Scenario is one situation and the servers to measure in it.
type Scenario struct {
	Name     string
	Variants []Variant
	// Measure measures a fresh server.
	Measure func(context.Context, *Bench) (Figures, error)
}

// Variant is a server and the dialect of its clients.
type Variant struct {
	Name    string
	Server  servers.Spec
	Dialect wire.Dialect
}

// Figures holds measured values by the names of package report.
type Figures = map[string]float64

// Scale sets the length and the size of measurements.
type Scale struct {
	WarmUp, Measure time.Duration
	Settle          time.Duration // how long memory must be constant before it is read
	Resting         int           // connections for the scenario about memory

	// For trial runs:

	Clients int     // maximum of subscribers; 0: the scenario's number
	Rate    float64 // minimum of publications a second at a steady rate; 0: the scenario's rate
}

// Bench holds the server and the player of one measurement.
type Bench struct {
	Scale
	Variant Variant
	Dialect wire.Dialect // of the variant
	Server  *servers.Server
	Player  *generator.Player
}

// measurementTimeout limits a whole measurement, from the start of the server to its end.
const measurementTimeout = 3 * time.Minute

var errTooLong = fmt.Errorf("the measurement took longer than %s", measurementTimeout)

// Run starts a fresh server, measures it, and stops it.
func (s *Scenario) Run(ctx context.Context, programs *servers.Programs, v Variant, scale Scale) (Figures, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, measurementTimeout, errTooLong)
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
		return nil, fmt.Errorf("%w; the end of its output: %s", err, server.LogTail())
	}
	return figures, nil
}

// on measures a server. All clients are closed when it returns.
func (s *Scenario) on(ctx context.Context, b *Bench) (figures Figures, err error) {
	if b.Player, err = generator.New(b.Server.Address, b.Server.TLS); err != nil {
		return nil, err
	}
	defer b.Player.Close()
	return s.Measure(ctx, b)
}

// clients returns n, limited by the scale.
func (s Scale) clients(n int) int {
	if s.Clients > 0 {
		return min(n, s.Clients)
	}
	return n
}

// subscribers returns clients that subscribe to one topic each.
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

// connectOne connects one more client.
func (b *Bench) connectOne(ctx context.Context, c generator.Client) (*generator.Conn, error) {
	conns, err := b.Player.Connect(ctx, []generator.Client{c})
	if err != nil {
		return nil, err
	}
	return conns[0], nil
}

// fewest is the minimum of publications that are measured at a steady rate, however long that takes.
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

// busy returns the share of its core that the server and the generator used.
func busy(r generator.Result) Figures {
	return Figures{
		report.ServerBusy:    r.ServerCPU.Seconds() / r.Wall.Seconds(),
		report.GeneratorBusy: r.Worked.Seconds() / r.Wall.Seconds(),
	}
}

// events returns the cost of publications and their events together.
func events(r generator.Result) Figures {
	figures := busy(r)
	figures[report.CPUPerEvent] = microseconds(r.ServerCPU) / float64(r.Events)
	figures[report.EventsPerSecond] = float64(r.Events) / r.Wall.Seconds()
	return figures
}

// addLatency adds the percentiles of the latency.
func addLatency(figures Figures, h *generator.Histogram) {
	figures[report.LatencyP50] = microseconds(h.Quantile(0.5))
	figures[report.LatencyP99] = microseconds(h.Quantile(0.99))
	figures[report.LatencyP999] = microseconds(h.Quantile(0.999))
}

func microseconds(d time.Duration) float64 { return d.Seconds() * 1e6 }

// repeated returns a Stream.Append that appends the same bytes for each publication.
func repeated(publication []byte) func([]byte) []byte {
	return func(dst []byte) []byte { return append(dst, publication...) }
}
