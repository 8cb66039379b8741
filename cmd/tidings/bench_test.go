package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/bench"
)

// smallBench measures for two seconds, with few connections.
const smallBench = "bench --connections 3 --rate 20 --seconds 1"

func TestBenchMeasuresTheDemo(t *testing.T) {
	startDemo(t)
	out, errs := &bytes.Buffer{}, &bytes.Buffer{}
	if code := run(t.Context(), streams{out: out, err: errs}, strings.Fields(smallBench)); code != exitOK {
		t.Errorf("it ended with %d: %s", code, errs)
	}
	for _, want := range []string{"connections   3 opened, 0 failed", "0 of 60 events lost", "fan-out", "µs of CPU time for an event", "share this machine"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if got := errs.String(); got != "measuring connections\nmeasuring latency\nmeasuring fan-out\n" {
		t.Errorf("progress is %q", got)
	}
}

func TestBenchPrintsTheReportAsJSON(t *testing.T) {
	startDemo(t)
	out := &bytes.Buffer{}
	code := run(t.Context(), streams{out: out, err: &bytes.Buffer{}}, strings.Fields(smallBench+" --json --topic bench.mine"))
	var report struct {
		Topic       string
		OK          bool
		Connections struct{ Opened, Failed int }
		Latency     struct {
			Lost int
			P99  float64 `json:"p99_ms"`
		}
		FanOut struct {
			Lost            int
			EventsPerSecond float64 `json:"events_per_second"`
		} `json:"fan_out"`
		Costs    struct{ Cores float64 }
		Warnings []string
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	if code != exitOK || !report.OK || report.Topic != "bench.mine" || report.Connections.Opened != 3 || report.Latency.P99 <= 0 ||
		report.FanOut.EventsPerSecond <= 0 || report.Costs.Cores <= 0 || report.FanOut.Lost+report.Latency.Lost != 0 || len(report.Warnings) == 0 {
		t.Errorf("%d %s", code, out)
	}
}

func TestAnInterruptedBenchPrintsItsCompleteStepsAndFails(t *testing.T) {
	startDemo(t)
	ctx, interrupt := context.WithCancel(t.Context())
	out, errs := &bytes.Buffer{}, await("measuring latency")
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, streams{out: out, err: errs}, strings.Fields("bench --connections 3 --seconds 60"))
	}()
	errs.wait(t)
	interrupt()
	if code := <-done; code != exitFailed || !strings.Contains(out.String(), "3 opened") || !strings.Contains(out.String(), "The run was interrupted") {
		t.Errorf("it ended with %d: %s", code, out)
	}
}

func TestAtATerminalProgressIsABarThatDisappears(t *testing.T) {
	terminal := &bytes.Buffer{}
	p := &progress{err: terminal, bars: terminal}
	p.show(bench.Progress{Step: "connections", Total: 2})
	p.show(bench.Progress{Step: "connections", Done: 1, Total: 2})
	shown := terminal.String()
	p.show(bench.Progress{Step: "latency", Total: 10})
	p.end()
	if !strings.Contains(shown, "connections  50%") {
		t.Errorf("%q", shown)
	}
	lines := strings.Split(terminal.String(), "\r")
	if left := strings.TrimSpace(lines[len(lines)-1]); left != "" || strings.Contains(terminal.String(), "\n") {
		t.Errorf("%q is left of %q", left, terminal)
	}
}
