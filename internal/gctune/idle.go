package gctune

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What rest is. Clients that are only pinged allocate far less.
const (
	look     = time.Second
	restful  = 1 << 20 // bytes allocated between two looks
	restLong = 3       // looks
	// worthIt is how much has to be garbage, or free, for a collection out of turn.
	worthIt = 8 << 20
)

// giveBackAtRest gives memory that is not used back to the system, once for each rest: after a crowd has
// come or gone the server is as small as what is alive.
func giveBackAtRest(ctx context.Context) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	var r rest
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if r.due(observe()) {
				debug.FreeOSMemory()
			}
		}
	}
}

// usage is what the runtime tells: bytes.
type usage struct{ allocated, alive, held uint64 }

func observe() usage {
	sample := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(sample)
	at := func(i int) uint64 { return sample[i].Value.Uint64() }
	return usage{allocated: at(0), alive: at(1), held: at(2) + at(3) + at(4)}
}

// rest finds out when nothing happens any more.
type rest struct {
	allocated uint64
	quiet     int // looks
}

func (r *rest) due(now usage) bool {
	busy := now.allocated-r.allocated > restful
	r.allocated = now.allocated
	if busy {
		r.quiet = 0
		return false
	}
	r.quiet++
	return r.quiet == restLong && now.held > now.alive+worthIt
}
