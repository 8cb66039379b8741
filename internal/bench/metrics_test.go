package bench_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/bench"
)

const exposition = `# HELP tidings_sessions Sessions that are joined.
# TYPE tidings_sessions gauge
tidings_sessions 3
process_cpu_seconds_total 1.25
process_resident_memory_bytes 3.3554432e+07

tidings_closes_total{reason="slow"} 2
tidings_closes_total{reason="goodbye"} 40
tidings_drops_total{reason="not_expressible"} 0
odd
`

func TestMetricsAreReadByNameAndLabels(t *testing.T) {
	got, err := bench.ParseMetrics(strings.NewReader(exposition))
	if err != nil {
		t.Fatal(err)
	}
	if got["process_cpu_seconds_total"] != 1.25 || got["process_resident_memory_bytes"] != 32<<20 || got[`tidings_closes_total{reason="slow"}`] != 2 {
		t.Errorf("%v", got)
	}
	before := map[string]float64{"process_cpu_seconds_total": 1, `tidings_closes_total{reason="goodbye"}`: 40}
	grown := bench.Since(got, before)
	if grown["process_cpu_seconds_total"] != 0.25 {
		t.Errorf("%v", grown)
	}
	if diff := cmp.Diff(map[string]int{"slow": 2}, bench.ByLabel(grown, "tidings_closes_total")); diff != "" {
		t.Error(diff)
	}
}

func TestMetricsOfAnotherProgramAreRefused(t *testing.T) {
	if _, err := bench.ParseMetrics(strings.NewReader("process_cpu_seconds_total 1\n")); err == nil {
		t.Error("they were accepted")
	}
}
