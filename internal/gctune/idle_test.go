package gctune

import "testing"

func TestMemoryIsReturnedOnceInEachIdlePeriod(t *testing.T) {
	var d idleDetector
	const mib = 1 << 20
	for i, step := range []struct {
		usage usage
		want  bool
	}{
		{usage{100 * mib, 10 * mib, 50 * mib}, false},
		{usage{200 * mib, 10 * mib, 50 * mib}, false}, // many clients connect
		{usage{200 * mib, 10 * mib, 50 * mib}, false},
		{usage{200*mib + 100, 10 * mib, 50 * mib}, false},
		{usage{200*mib + 200, 10 * mib, 50 * mib}, true},
		{usage{200*mib + 300, 10 * mib, 50 * mib}, false},
		{usage{200*mib + 400, 10 * mib, 50 * mib}, false},
		{usage{300 * mib, 10 * mib, 50 * mib}, false}, // many clients again
		{usage{300 * mib, 10 * mib, 15 * mib}, false},
		{usage{300 * mib, 10 * mib, 15 * mib}, false},
		{usage{300 * mib, 10 * mib, 15 * mib}, false}, // too little is unused
	} {
		if got := d.due(step.usage); got != step.want {
			t.Errorf("reading %d: %v, want %v", i, got, step.want)
		}
	}
}
