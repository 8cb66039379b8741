package gctune

import "testing"

func TestMemoryIsReturnedWhenAnIdlePeriodBegins(t *testing.T) {
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

// Clients that leave allocate next to nothing, so no collection tells that their memory is unused.
func TestMemoryOfClientsThatLeaveAnIdleServerIsReturned(t *testing.T) {
	var d idleDetector
	const mib = 1 << 20
	d.due(usage{1000 * mib, 400 * mib, 405 * mib}) // clients with much that waits for them
	returned := 0
	for i := range 10 * againIntervals {
		if d.due(usage{1000*mib + uint64(i), 400 * mib, 405 * mib}) { // live is that of the last collection
			returned++
		}
	}
	if returned != 9 {
		t.Errorf("memory was returned %d times in %d idle intervals, not 9 times", returned, 10*againIntervals)
	}
	for range 10 * againIntervals {
		if d.due(usage{1010 * mib, 5 * mib, 12 * mib}) {
			t.Error("a small heap is collected in vain")
		}
	}
}
