package scenario

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/test/load/generator"
	"github.com/tidings-io/tidings/test/load/report"
	"github.com/tidings-io/tidings/test/load/wire"
)

// pipelined measures a caller with that many calls in flight.
type pipelined struct{ window int }

func calls() []Scenario {
	routers := []Variant{tidingsJSON, nexusJSON, nexusMsgpack, tidingsMsgpack}
	return []Scenario{
		{"rpc-sequential", routers, pipelined{1}.measure},
		{"rpc-pipelined", routers, pipelined{inFlight}.measure},
	}
}

const procedure = "load.echo"

func (p pipelined) measure(ctx context.Context, b *Bench) (Figures, error) {
	rpc, ok := b.Dialect.(wire.RPC)
	if !ok {
		return nil, fmt.Errorf("the dialect %T has no calls", b.Dialect)
	}
	callee, caller := b.client(wire.Callee, 0, procedure), b.client(wire.Caller, 1, procedure)
	callee.Meter, caller.Meter = rpc.Callee(short), rpc.Results()
	if _, err := b.connectOne(ctx, callee); err != nil {
		return nil, fmt.Errorf("callee: %w", err)
	}
	conn, err := b.connectOne(ctx, caller)
	if err != nil {
		return nil, fmt.Errorf("caller: %w", err)
	}
	id := uint64(0)
	call := func(dst []byte) []byte {
		id++
		return rpc.AppendCall(dst, id, wire.Call{Procedure: procedure, Payload: short})
	}
	result, err := b.play(ctx, generator.Traffic{
		Streams: []generator.Stream{{Publisher: conn, Append: call, Subscribers: []*generator.Conn{conn}}},
		Window:  p.window,
	})
	if err != nil {
		return nil, err
	}
	figures := busy(result)
	figures[report.CPUPerCall] = microseconds(result.ServerCPU) / float64(result.Events)
	figures[report.CallsPerSecond] = float64(result.Events) / result.Wall.Seconds()
	addLatency(figures, result.Latency)
	return figures, nil
}
