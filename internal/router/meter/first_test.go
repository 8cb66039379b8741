package meter_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tidings-io/tidings/internal/router/meter"
)

func TestAPageHasTheFirstOfAListInItsOrder(t *testing.T) {
	for limit := range 5 {
		page := meter.NewFirst(limit, cmp.Compare[int])
		for _, n := range rand.Perm(100) {
			page.Keep(n)
		}
		if got, want := page.Sorted(), []int{0, 1, 2, 3, 4}[:limit]; !slices.Equal(got, want) {
			t.Errorf("the first %d are %v", limit, got)
		}
	}
}
