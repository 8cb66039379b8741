package report_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/test/load/report"
)

func TestSpreadOfReturnsMedianLeastAndMost(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		want   report.Spread
	}{
		"an odd number":         {[]float64{3, 1, 2}, report.Spread{Median: 2, Min: 1, Max: 3, Rounds: 3}},
		"an even number":        {[]float64{4, 1, 2, 3}, report.Spread{Median: 2.5, Min: 1, Max: 4, Rounds: 4}},
		"one":                   {[]float64{7}, report.Spread{Median: 7, Min: 7, Max: 7, Rounds: 1}},
		"none":                  {nil, report.Spread{}},
		"what is not a number":  {[]float64{math.NaN(), 5, math.Inf(1)}, report.Spread{Median: 5, Min: 5, Max: 5, Rounds: 1}},
		"nothing but not those": {[]float64{math.NaN()}, report.Spread{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, report.SpreadOf(test.values)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// measured adds a round with one figure.
func measured(run *report.Run, scenario, server, figure string, value float64) {
	run.Measurements = append(run.Measurements, report.Measurement{
		Scenario: scenario, Server: server, Figures: map[string]float64{figure: value},
	})
}

// verdict returns the row whose columns begin with these texts.
func verdict(t *testing.T, run report.Run, what, target string) report.Verdict {
	t.Helper()
	for _, v := range report.Verdicts(run) {
		if strings.HasPrefix(v.What, what) && strings.HasPrefix(v.Target, target) {
			return v
		}
	}
	t.Fatalf("no verdict about %q: %q", what, target)
	return report.Verdict{}
}

func TestATargetIsReachedUpToItsLimit(t *testing.T) {
	for value, want := range map[float64]report.Answer{1: report.Reached, 2.5: report.Reached, 2.51: report.Missed} {
		var run report.Run
		measured(&run, "fanout-1000-saturated", "tidings", report.CPUPerEvent, value)
		measured(&run, "fanout-1000-saturated", "floor-coalesce", report.CPUPerEvent, 2)
		if v := verdict(t, run, "1,000 clients, saturated", "at most 1.25"); v.Answer != want {
			t.Errorf("%g against 2 is %q (%s), not %q", value, v.Answer, v.Measured, want)
		}
	}
}

func TestAnAbsoluteTargetIsReachedUpToItsLimit(t *testing.T) {
	for value, want := range map[float64]report.Answer{2: report.Reached, 2.01: report.Missed} {
		var run report.Run
		measured(&run, "memory", "tidings", report.RSSPerConnection, value)
		if v := verdict(t, run, "Memory at rest", "at most 2 KiB"); v.Answer != want {
			t.Errorf("%g KiB is %q (%s), not %q", value, v.Answer, v.Measured, want)
		}
	}
}

func TestATargetComparesWithTheBestMedianOfTheOthers(t *testing.T) {
	var run report.Run
	measured(&run, "fanout-1000-saturated", "tidings", report.CPUPerEvent, 1)
	for _, value := range []float64{0.1, 4, 5} {
		measured(&run, "fanout-1000-saturated", "centrifuge-json", report.CPUPerEvent, value)
	}
	measured(&run, "fanout-1000-saturated", "centrifuge-protobuf", report.CPUPerEvent, 2)
	v := verdict(t, run, "1,000 clients, saturated", "at most 0.4 × Centrifuge")
	if want := "0.500 ×: 1.00 µs, centrifuge-protobuf 2.00 µs"; v.Measured != want || v.Answer != report.Missed {
		t.Errorf("got %q (%s), want %q", v.Measured, v.Answer, want)
	}
}

func TestAnEqualLatencyMissesATargetOfALowerOne(t *testing.T) {
	for value, want := range map[float64]report.Answer{99: report.Reached, 100: report.Missed} {
		var run report.Run
		measured(&run, "fanout-1000-rate", "tidings", report.LatencyP99, value)
		measured(&run, "fanout-1000-rate", "mercure", report.LatencyP99, 100)
		measured(&run, "fanout-1000-rate", "nexus-json", report.LatencyP99, 200)
		if v := verdict(t, run, "1,000 clients, steady rate: latency p99", "lower than"); v.Answer != want {
			t.Errorf("%g against 100 is %q (%s), not %q", value, v.Answer, v.Measured, want)
		}
	}
}

func TestGrowthIsComparedWithTheGrowthOfTheFloor(t *testing.T) {
	for value, want := range map[float64]report.Answer{6.6: report.Reached, 6.7: report.Missed} {
		var run report.Run
		measured(&run, "fanout-1000-saturated", "floor-coalesce", report.CPUPerEvent, 1)
		measured(&run, "fanout-10000-saturated", "floor-coalesce", report.CPUPerEvent, 2)
		measured(&run, "fanout-1000-saturated", "tidings", report.CPUPerEvent, 3)
		measured(&run, "fanout-10000-saturated", "tidings", report.CPUPerEvent, value)
		if v := verdict(t, run, "1,000 clients, saturated → 10,000", "growth"); v.Answer != want {
			t.Errorf("growth from 3 to %g is %q (%s), not %q", value, v.Answer, v.Measured, want)
		}
	}
}

func TestATargetOfALeastFigureIsReachedFromItsLimit(t *testing.T) {
	for value, want := range map[float64]report.Answer{14.9: report.Missed, 15: report.Reached, 16: report.Reached} {
		var run report.Run
		measured(&run, "stored", "tidings-stored", report.GroupGain, value)
		if v := verdict(t, run, "Stored publications", "at least 15 ×"); v.Answer != want {
			t.Errorf("%g × is %q (%s), not %q", value, v.Answer, v.Measured, want)
		}
	}
}

func TestReadsMustNotGrowWithTheClients(t *testing.T) {
	for value, want := range map[float64]report.Answer{101: report.Reached, 102: report.Missed} {
		var run report.Run
		measured(&run, "resume-restart-1000", "tidings-stored", report.StoreReads, 101)
		measured(&run, "resume-restart-10000", "tidings-stored", report.StoreReads, value)
		v := verdict(t, run, "Resume after a restart, 1,000 clients → Resume after a restart, 10,000 clients", "growth at most 1 ×")
		if v.Answer != want {
			t.Errorf("%g after 101 reads is %q (%s), not %q", value, v.Answer, v.Measured, want)
		}
	}
}

func TestATargetWithMissingFiguresIsNotMeasured(t *testing.T) {
	var alone, others, before report.Run
	measured(&alone, "fanout-1000-saturated", "tidings", report.CPUPerEvent, 1)
	measured(&others, "fanout-1000-saturated", "floor-coalesce", report.CPUPerEvent, 1)
	measured(&before, "fanout-10000-saturated", "tidings", report.CPUPerEvent, 1)
	measured(&before, "fanout-10000-saturated", "floor-coalesce", report.CPUPerEvent, 1)
	for name, run := range map[string]report.Run{"nothing": {}, "Tidings alone": alone, "others alone": others, "no growth": before} {
		for _, v := range report.Verdicts(run) {
			if v.Answer != report.NotMeasured || v.Measured != "" {
				t.Errorf("%s: %s is %q (%s)", name, v.What, v.Answer, v.Measured)
			}
		}
	}
}

func TestABusyGeneratorMarksTheVerdict(t *testing.T) {
	for busy, want := range map[float64]bool{0.9: false, 0.91: true} {
		var run report.Run
		measured(&run, "fanout-1000-saturated", "tidings", report.CPUPerEvent, 1)
		measured(&run, "fanout-1000-saturated", "floor-coalesce", report.CPUPerEvent, 1)
		measured(&run, "fanout-1000-saturated", "floor-coalesce", report.GeneratorBusy, busy)
		if v := verdict(t, run, "1,000 clients, saturated", "at most 1.25"); v.Limited != want {
			t.Errorf("with a generator that is busy %g of the time, limited is %t", busy, v.Limited)
		}
	}
}
