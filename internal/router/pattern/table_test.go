package pattern_test

import (
	"runtime"
	"testing"

	"github.com/tidings-io/tidings/internal/router/pattern"
)

func TestATableGivesMemoryBackWhenMostEntriesAreGone(t *testing.T) {
	const entries = 200_000
	var table pattern.Table[int, int]
	before := inUse()
	for i := range entries {
		table.Put(i, new(int))
	}
	for i := range entries - 100 {
		table.Delete(i)
	}
	if kept := inUse() - before; kept > 1<<20 {
		t.Errorf("%d KiB are in use for 100 entries", kept>>10)
	}
	for i := range entries {
		if found := table.Get(i) != nil; found != (i >= entries-100) {
			t.Fatalf("entry %d: %t", i, found)
		}
	}
}

func inUse() int64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return int64(now.HeapAlloc)
}
