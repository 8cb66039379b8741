package bench_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/bench"
)

func TestQuantilesOfAnEmptyHistogramAreZero(t *testing.T) {
	var h bench.Histogram
	if h.Count() != 0 || h.Quantile(0.5) != 0 || h.Max() != 0 {
		t.Errorf("%d %s %s", h.Count(), h.Quantile(0.5), h.Max())
	}
}

func TestQuantilesOfOneDurationAreThatDuration(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 63, 64, 127, 128, 12345, time.Hour, math.MaxInt64} {
		var h bench.Histogram
		h.Record(d)
		if h.Count() != 1 || h.Quantile(0) != d || h.Quantile(0.5) != d || h.Quantile(1) != d || h.Max() != d {
			t.Errorf("%d: %d %d %d", d, h.Quantile(0), h.Quantile(1), h.Max())
		}
	}
}

func TestANegativeDurationCountsAsZero(t *testing.T) {
	var h bench.Histogram
	h.Record(-5)
	if h.Count() != 1 || h.Quantile(1) != 0 {
		t.Errorf("%d %s", h.Count(), h.Quantile(1))
	}
}

func TestQuantilesAreExactOrSlightlyAbove(t *testing.T) {
	const seed, n, tolerance = 1, 10_000, 1.016
	random := rand.New(rand.NewPCG(seed, seed))
	var h bench.Histogram
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = time.Duration(math.Exp(random.Float64() * 25)) // from 1 ns to over a minute
		h.Record(all[i])
	}
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.5, 0.95, 0.99, 0.999, 1} {
		truth, got := all[int(math.Ceil(q*n))-1], h.Quantile(q)
		if got < truth || float64(got) > tolerance*float64(truth) {
			t.Errorf("quantile %v is %d, and %d of the histogram", q, truth, got)
		}
	}
	if h.Max() != all[n-1] {
		t.Errorf("longest is %d, not %d", h.Max(), all[n-1])
	}
}
