package generator_test

import (
	"testing"
	"time"

	"github.com/tidings-io/tidings/test/load/generator"
)

func TestQuantilesAreExactToTwoPercent(t *testing.T) {
	var h generator.Histogram
	for n := range 100_000 {
		h.Record(time.Duration(n) * 37 * time.Nanosecond)
	}
	for _, q := range []float64{0.001, 0.5, 0.99, 0.999} {
		want := q * 100_000 * 37
		if got := float64(h.Quantile(q)); got < want*0.98 || got > want*1.02 {
			t.Errorf("quantile %g: %g, want %g", q, got, want)
		}
	}
}

func TestEveryDurationHasABucket(t *testing.T) {
	for _, d := range []time.Duration{-1, 0, 1, 63, 64, 127, 128, 129, time.Hour, 1<<63 - 1} {
		var h generator.Histogram
		h.Record(d)
		want := float64(max(d, 0))
		if got := float64(h.Quantile(0.5)); got < want*0.98 || got > want*1.02 {
			t.Errorf("%d: %g", d, got)
		}
	}
}

func TestAnEmptyHistogramHasNoQuantiles(t *testing.T) {
	if got := new(generator.Histogram).Quantile(0.5); got != 0 {
		t.Errorf("got %s", got)
	}
}
