package bench_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/bench"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files with what the reports say now")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// fine is a report of a server that did well, measured from another machine.
func fine() *bench.Report {
	return &bench.Report{
		Server: "https://erp.example.com", Topic: "bench.1", Size: 128,
		Connections: &bench.Connections{Opened: 2000, AtOnce: 32, Seconds: 0.8, PerSecond: 2500, P50: 10.4, P99: 31.2, Max: 40},
		Latency:     &bench.Latency{Rate: 10, Publications: 50, Events: 100_000, P50: 1.234, P95: 4.5, P99: 12.6, Max: 31},
		FanOut:      &bench.FanOut{Publications: 1000, Events: 2_000_000, Seconds: 5, EventsPerSecond: 400_000, P50: 40, P99: 88},
		Costs:       &bench.Costs{CPUPerConnection: 201.4, MemoryPerConnection: 10.26, Memory: 52.4, CPUPerEvent: 2.13, Cores: 0.86},
		Bench:       &bench.Bench{Cores: 2.2, Of: 8},
	}
}

func TestReportsExplainTheirFigures(t *testing.T) {
	for name, change := range map[string]func(*bench.Report){
		"fine": func(*bench.Report) {},
		"interrupted": func(r *bench.Report) {
			r.Latency, r.FanOut, r.Costs, r.Bench, r.Interrupted = nil, nil, nil, nil, true
		},
		"losses": func(r *bench.Report) {
			r.Connections.Failed, r.Connections.Failures = 3, []bench.Reason{{"the server did not answer in time", 3}}
			r.Ended = []bench.Reason{{"the server dropped it", 2}}
			r.FanOut.Lost, r.Latency.Repeated, r.Foreign = 1200, 1, 7
			r.Costs.Closes, r.Costs.SlowWrites = map[string]int{"slow": 2}, 9
		},
		"one-small-machine": func(r *bench.Report) {
			r.SameMachine, r.Bench.Of, r.Bench.Cores = true, 2, 1.1
			r.Connections.Opened, r.FanOut.EventsPerSecond = 200, 1000
			r.Latency.P99, r.Latency.Max, r.Latency.Late = 240, 300, 30
		},
		"no-metrics": func(r *bench.Report) {
			r.Costs, r.CostsUnknown = nil, "read https://erp.example.com/metrics: the server answered 404 Not Found"
			r.Bench.Cores, r.Latency.P99, r.Latency.Max = 7.6, 2400, 3100
		},
		"own-use-unknown": func(r *bench.Report) {
			r.Bench, r.BenchUnknown, r.SameMachine = nil, "read this process's CPU time: not supported", true
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, got := fine(), &strings.Builder{}
			change(r)
			r.Judge()
			if err := r.Write(got); err != nil {
				t.Fatal(err)
			}
			golden(t, name, got.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name + ".txt"
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAReportIsOKOnlyIfNothingIsMissing(t *testing.T) {
	for name, change := range map[string]func(*bench.Report){
		"a connection failed": func(r *bench.Report) { r.Connections.Failed = 1 },
		"a connection ended":  func(r *bench.Report) { r.Ended = []bench.Reason{{"lost", 1}} },
		"an event was lost":   func(r *bench.Report) { r.Latency.Lost = 1 },
		"an event came twice": func(r *bench.Report) { r.FanOut.Repeated = 1 },
		"it was interrupted":  func(r *bench.Report) { r.Interrupted = true },
	} {
		r := fine()
		change(r)
		if r.Judge(); r.OK {
			t.Errorf("%s, and the report is OK", name)
		}
	}
	r := fine()
	if r.Judge(); !r.OK || len(r.Warnings) > 0 {
		t.Errorf("%v", r.Warnings)
	}
}

func TestNumbersAreShownWithSignificantDigits(t *testing.T) {
	for n, want := range map[float64]string{0.1234: "0.123", 9.876: "9.88", 12.34: "12.3", 99.96: "100", 123.4: "123", 54_321: "54,300", 1_999_999: "2,000,000"} {
		if got := bench.About(n); got != want {
			t.Errorf("%v: %s", n, got)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := bench.Grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
