package bench

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets that are about 1.5% wide. Its size does not depend on the number of durations.
// The zero value is empty. Safe for concurrent use.
type histogram struct {
	buckets [buckets]atomic.Int64
	longest atomic.Int64
}

const (
	// Durations share a bucket if the first bits after their highest one are the same.
	bucketBits  = 6
	perDoubling = 1 << bucketBits
	buckets     = (64 - bucketBits) * perDoubling
)

func (h *histogram) record(d time.Duration) {
	d = max(d, 0)
	h.buckets[bucketOf(d)].Add(1)
	for {
		longest := h.longest.Load()
		if int64(d) <= longest || h.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

func bucketOf(d time.Duration) int {
	n := uint64(d)
	if n < perDoubling {
		return int(n)
	}
	shift := bits.Len64(n) - bucketBits - 1
	return shift*perDoubling + int(n>>shift)
}

// upperBound returns the longest duration that belongs to a bucket.
func upperBound(bucket int) time.Duration {
	if bucket < perDoubling {
		return time.Duration(bucket)
	}
	shift := bucket/perDoubling - 1
	return time.Duration((uint64(bucket%perDoubling)+perDoubling+1)<<shift - 1)
}

func (h *histogram) count() (n int64) {
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	return n
}

func (h *histogram) max() time.Duration { return time.Duration(h.longest.Load()) }

// quantile returns the duration that the share q of all durations did not exceed, or 0 if there are none.
func (h *histogram) quantile(q float64) time.Duration {
	rank := max(1, int64(math.Ceil(q*float64(h.count()))))
	for i := range h.buckets {
		if rank -= h.buckets[i].Load(); rank <= 0 {
			return min(upperBound(i), h.max())
		}
	}
	return 0
}
