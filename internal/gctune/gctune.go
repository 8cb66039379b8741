// Package gctune sets the garbage collector's percentage by the size of the live heap, and returns memory to the
// system when the process is idle. It is for programs. A library must not change the collector, so nothing but
// cmd/tidings calls this package.
//
// Go's own rule is a fixed percentage of the live heap (GOGC, 100 by default). A server without clients has a small
// live heap and would collect many times a second. A server with 100,000 clients has a large one and would let as much
// garbage pile up. Here the room for garbage has a minimum, and a smaller share above it.
package gctune

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

const (
	// MinRoom is the room for garbage beside a small live heap, in bytes: some 25,000 publications.
	MinRoom = 16 << 20
	// MinPercent is the room for garbage beside a large live heap, as a percentage of it.
	MinPercent = 50
)

// Percent returns the GOGC for a live heap of so many bytes.
func Percent(live uint64) int {
	return max(MinPercent, int(MinRoom*100/max(live, 1<<20)))
}

// Start adjusts GOGC after each collection, and returns memory to the system when the process is idle, until stop is
// called. It does nothing if the environment sets GOGC. GOMEMLIMIT applies in both cases.
func Start() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	t := &tuner{}
	t.percent.Store(100)
	t.afterCollection(nil)
	ctx, cancel := context.WithCancel(context.Background())
	var idle sync.WaitGroup
	idle.Go(func() { returnIdleMemory(ctx) })
	return func() {
		t.stopped.Store(true)
		cancel()
		idle.Wait()
	}
}

// tuner adjusts GOGC in the finalizer of a sentinel, which runs after each collection.
type tuner struct {
	percent atomic.Int64 // the GOGC in force
	stopped atomic.Bool
}

// sentinel is an unreachable object: each collection finalizes it.
type sentinel struct{ _ [16]byte }

// afterCollection sets GOGC for the live heap that the last collection found, and makes the next sentinel.
func (t *tuner) afterCollection(*sentinel) {
	if t.stopped.Load() {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	wanted := int64(Percent(sample[0].Value.Uint64()))
	if current := t.percent.Load(); max(wanted-current, current-wanted)*10 > current { // setting it stops the world
		t.percent.Store(wanted)
		debug.SetGCPercent(int(wanted))
	}
	runtime.SetFinalizer(new(sentinel), t.afterCollection)
}
