// Package gctune decides how much garbage may lie around before the collector runs, and gives the
// room back to the system when nothing happens. It is for programs: a library does not decide this.
//
// Go's own rule is a percentage of what is alive (GOGC, 100 by default). A server without clients has
// little alive, so that it would collect many times a second for nothing; one with 100,000 has a
// lot, and would let as much again lie around. Here the room has a least size, and above that it is a
// smaller share.
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
	// Least is the room in a small heap: some 25,000 publications.
	Least = 16 << 20
	// Share is the room in a large heap, as a part of what is alive: a percentage, as GOGC.
	Share = 50
)

// Percent is the GOGC that leaves the right room beside so many bytes that are alive.
func Percent(alive uint64) int {
	return max(Share, int(Least*100/max(alive, 1<<20)))
}

// Keep adjusts GOGC from now on, after each collection, and gives memory back after some seconds of
// rest, until stop is called. Where the environment sets GOGC that stands, and nothing is done.
// GOMEMLIMIT works beside it.
func Keep() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	k := &keeper{}
	k.set.Store(100)
	k.afterCollection(nil)
	ctx, cancel := context.WithCancel(context.Background())
	var resting sync.WaitGroup
	resting.Go(func() { giveBackAtRest(ctx) })
	return func() {
		k.stopped.Store(true)
		cancel()
		resting.Wait()
	}
}

// keeper is told of each collection by an object that nobody refers to.
type keeper struct {
	set     atomic.Int64 // the GOGC that is set
	stopped atomic.Bool
}

type canary struct{ _ [16]byte }

func (k *keeper) afterCollection(*canary) {
	if k.stopped.Load() {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	wanted := int64(Percent(sample[0].Value.Uint64()))
	if was := k.set.Load(); max(wanted-was, was-wanted)*10 > was { // setting it stops the world
		k.set.Store(wanted)
		debug.SetGCPercent(int(wanted))
	}
	runtime.SetFinalizer(new(canary), k.afterCollection)
}
