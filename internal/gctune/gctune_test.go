package gctune_test

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/tidings-io/tidings/internal/gctune"
)

func TestTheRoomForGarbageHasAMinimumAndIsAShareAboveIt(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 1600},
		{8 << 20, 200},
		{16 << 20, 100},
		{64 << 20, 50},
		{4 << 30, 50},
	} {
		if got := gctune.Percent(c.live); got != c.want {
			t.Errorf("with %d live bytes GOGC is %d, want %d", c.live, got, c.want)
		}
	}
}

func TestGOGCFollowsTheLiveHeap(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	stop := gctune.Start()
	defer stop()
	live := make([]byte, 128<<20)
	for range 1000 { // finalizers run some time after a collection
		runtime.GC()
		if gogc() == gctune.MinPercent {
			runtime.KeepAlive(live)
			return
		}
	}
	t.Error("GOGC was not lowered with a live heap of 128 MiB")
}

func TestGOGCOfTheEnvironmentStays(t *testing.T) {
	t.Setenv("GOGC", "70")
	before := debug.SetGCPercent(70)
	defer debug.SetGCPercent(before)
	gctune.Start()()
	runtime.GC()
	if percent := gogc(); percent != 70 {
		t.Errorf("GOGC is %d although the environment says 70", percent)
	}
}

func gogc() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// hold is what clients have in use until they leave.
var hold [][]byte

func TestMemoryOfClientsThatLeftQuietlyGoesBackToTheSystem(t *testing.T) {
	for range 128 {
		hold = append(hold, make([]byte, 1<<20))
	}
	runtime.GC() // the last one for long: it finds all of it in use
	before := released()
	hold = nil
	var d gctune.IdleDetector
	for range 2 * gctune.AgainIntervals {
		if d.Due() {
			debug.FreeOSMemory()
		}
	}
	if back := released() - before; back < 100<<20 {
		t.Errorf("%d MiB of 128 went back", back>>20)
	}
}

func released() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
