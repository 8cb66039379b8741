package gctune

import "testing"

func TestMemoryIsGivenBackOnceForEachRest(t *testing.T) {
	var r rest
	const mib = 1 << 20
	for i, step := range []struct {
		usage usage
		want  bool
	}{
		{usage{100 * mib, 10 * mib, 50 * mib}, false},
		{usage{200 * mib, 10 * mib, 50 * mib}, false}, // a crowd comes
		{usage{200 * mib, 10 * mib, 50 * mib}, false},
		{usage{200*mib + 100, 10 * mib, 50 * mib}, false},
		{usage{200*mib + 200, 10 * mib, 50 * mib}, true},
		{usage{200*mib + 300, 10 * mib, 50 * mib}, false},
		{usage{200*mib + 400, 10 * mib, 50 * mib}, false},
		{usage{300 * mib, 10 * mib, 50 * mib}, false}, // another
		{usage{300 * mib, 10 * mib, 15 * mib}, false},
		{usage{300 * mib, 10 * mib, 15 * mib}, false},
		{usage{300 * mib, 10 * mib, 15 * mib}, false}, // there is little to give
	} {
		if got := r.due(step.usage); got != step.want {
			t.Errorf("look %d: %v, want %v", i, got, step.want)
		}
	}
}
