package bench

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"time"
)

// Costs are the costs of the measurement at the server, from its metrics. They include other clients of the same time.
type Costs struct {
	CPUPerConnection    float64        `json:"cpu_us_per_connection"`
	MemoryPerConnection float64        `json:"memory_kib_per_connection"`
	Memory              float64        `json:"memory_mib"` // resident, at the end
	CPUPerEvent         float64        `json:"cpu_us_per_event"`
	Cores               float64        `json:"cores"` // used by fan-out
	SlowWrites          int            `json:"slow_writes"`
	Closes              map[string]int `json:"closes"` // by reason, without those that said goodbye
	Drops               map[string]int `json:"drops"`  // by reason
}

// account has the server's metrics at the moments between the steps.
type account struct {
	metrics *metrics
	err     error // the first; after it nothing is read

	start, connected, idle, end reading
}

func newAccount(o Options) *account {
	return &account{metrics: newMetrics(o.below("/metrics"), o.Key)}
}

func (a *account) take(ctx context.Context, r *reading) {
	if a.err == nil {
		*r, a.err = a.metrics.read(ctx)
	}
}

// hasFiles returns an error if the server's process may not open as many files, as far as its metrics say.
func (r reading) hasFiles(connections int) error {
	most, open := r[metricMaxFiles], r[metricOpenFiles]
	if most == 0 || open+float64(connections) <= most {
		return nil
	}
	return fmt.Errorf("the server may open %.0f files and has %.0f open: %d connections do not fit\n"+
		"Raise its limit (ulimit -n, or LimitNOFILE of systemd) and limits.connections, or open fewer: --connections %.0f",
		most, open, connections, max(1, most-open-spareFiles))
}

// tell adds the costs of the steps to a report, or the reason why they are not known.
func (a *account) tell(report *Report) {
	if a.err != nil {
		report.CostsUnknown = a.err.Error()
		return
	}
	connecting, sending, all := a.connected.since(a.start), a.end.since(a.idle), a.end.since(a.start)
	if a.end[metricCPU] == 0 {
		report.CostsUnknown = "the server's system does not tell what a process uses"
		return
	}
	const micro, kibi = 1e6, 1 << 10
	opened := float64(report.Connections.Opened)
	closes := all.byLabel(metricCloses)
	maps.DeleteFunc(closes, func(reason string, _ int) bool { return reason == "goodbye" })
	report.Costs = &Costs{
		CPUPerConnection:    connecting[metricCPU] * micro / opened,
		MemoryPerConnection: connecting[metricMemory] / kibi / opened,
		Memory:              a.end[metricMemory] / kibi / kibi,
		CPUPerEvent:         sending[metricCPU] * micro / max(1, float64(report.FanOut.Events)),
		Cores:               sending[metricCPU] / report.FanOut.Seconds,
		SlowWrites:          int(all[metricSlowWrites]),
		Closes:              closes,
		Drops:               all.byLabel(metricDrops),
	}
}

// Bench reports the CPU time that this process itself used for the fan-out step.
type Bench struct {
	Cores float64 `json:"cores"`
	Of    int     `json:"of"` // cores that it could use
}

// work measures the CPU time of this process.
type work struct {
	before time.Duration
	err    error
}

func startWork() (w work) {
	w.before, w.err = cpuTime()
	return w
}

// tell adds the CPU time since startWork to a report, or the reason why it is not known.
func (w work) tell(report *Report) {
	after, err := cpuTime()
	if err = cmp.Or(w.err, err); err != nil {
		report.BenchUnknown = err.Error()
		return
	}
	report.Bench = &Bench{Cores: (after - w.before).Seconds() / report.FanOut.Seconds, Of: cores()}
}
