package report

import (
	"math"
	"slices"
)

// Spread holds median, least and most of one figure over several rounds.
type Spread struct {
	Median, Min, Max float64
	Rounds           int // 0: not measured
}

// SpreadOf returns the spread of values. A value that is no finite number, such as a time divided by zero events,
// counts as not measured.
func SpreadOf(values []float64) Spread {
	var sorted []float64
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sorted = append(sorted, v)
		}
	}
	n := len(sorted)
	if n == 0 {
		return Spread{}
	}
	slices.Sort(sorted)
	return Spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1], Rounds: n}
}
