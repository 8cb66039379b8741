package gctune

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// When the process counts as idle. A server whose clients only answer pings allocates far less than idleBytes.
const (
	interval      = time.Second
	idleBytes     = 1 << 20 // allocated in one interval
	idleIntervals = 3       // in a row
	// minReturn is the least amount of unused memory, in bytes, that is worth an extra collection.
	minReturn = 8 << 20
	// againIntervals is the time between two collections in one idle period. Clients that leave allocate next to
	// nothing: only a collection finds out that their memory is unused. It takes some 0.3 ms for each MiB in use.
	againIntervals = 30
	// minAgain is the heap for which that is done, in bytes.
	minAgain = 32 << 20
)

// returnIdleMemory returns unused memory to the system in idle periods, until ctx ends. A server that many clients have
// left is then as small as its live heap.
func returnIdleMemory(ctx context.Context) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var d idleDetector
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if d.due(readUsage()) {
				debug.FreeOSMemory()
			}
		}
	}
}

// usage is the memory of the process, in bytes.
type usage struct {
	allocated uint64 // since the process began
	live      uint64 // reachable at the last collection
	held      uint64 // taken from the system for the heap
}

func readUsage() usage {
	sample := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(sample)
	at := func(i int) uint64 { return sample[i].Value.Uint64() }
	return usage{allocated: at(0), live: at(1), held: at(2) + at(3) + at(4)}
}

// idleDetector finds idle periods from readings that are one interval apart.
type idleDetector struct {
	allocated uint64 // at the last reading
	quiet     int    // intervals in a row
}

// due reports whether memory is to be returned now: when an idle period begins, if enough of it is known to be unused,
// and repeatedly in the period, because clients may have left since the last collection.
func (d *idleDetector) due(now usage) bool {
	busy := now.allocated-d.allocated > idleBytes
	d.allocated = now.allocated
	if busy {
		d.quiet = 0
		return false
	}
	d.quiet++
	switch {
	case d.quiet < idleIntervals:
		return false
	case d.quiet == idleIntervals:
		return now.held > now.live+minReturn
	}
	return (d.quiet-idleIntervals)%againIntervals == 0 && now.held > minAgain
}
