package generator

import (
	"math/bits"
	"time"
)

// linear is the number of buckets for each power of two: durations are exact to 1.6 percent.
const linear = 64

// Histogram counts durations in buckets that are linear within each power of two. Its zero value is empty.
type Histogram struct {
	counts [(64 - 5) * linear]uint64
	total  uint64
}

// Record counts a duration.
func (h *Histogram) Record(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))]++
	h.total++
}

func bucket(n uint64) int {
	shift := max(bits.Len64(n)-7, 0)
	return shift*linear + int(n>>shift)
}

// Quantile returns the duration that a share q of all durations did not exceed, or 0 if there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(h.total))
	seen := uint64(0)
	for b, count := range h.counts {
		if seen += count; seen > rank || seen == h.total {
			return middle(b)
		}
	}
	return 0
}

// middle returns the middle of a bucket.
func middle(b int) time.Duration {
	if b < 2*linear {
		return time.Duration(b)
	}
	shift := b/linear - 1
	return time.Duration((uint64(b-shift*linear) << shift) + (1 << shift / 2))
}
