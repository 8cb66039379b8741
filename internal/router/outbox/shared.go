package outbox

import (
	"sync/atomic"
	"time"
)

// Shared holds the limits and counters of all outboxes of a router.
type Shared struct {
	Started time.Time // State counts from here

	maxFrames, maxBytes atomic.Int64 // see Outbox
	total, next         atomic.Int64 // see MayExceed
	exceeded            atomic.Bool

	_ [64]byte // the limits are read for each packet, and are not to be in the cache line of the counters

	Frames  atomic.Uint64 // taken so far
	Bytes   atomic.Uint64
	Put     atomic.Int64 // bytes that were queued so far
	Dropped atomic.Int64 // bytes that were queued and not taken
}

// Limit sets how many frames and bytes each outbox may hold. Packets that are queued already stay.
func (s *Shared) Limit(frames, bytes int) {
	s.maxFrames.Store(int64(frames))
	s.maxBytes.Store(int64(bytes))
}

func (s *Shared) limits() usage {
	return usage{int(s.maxFrames.Load()), int(s.maxBytes.Load())}
}

// seconds returns the time since Started, and never 0.
func (s *Shared) seconds() uint32 { return uint32(time.Since(s.Started)/time.Second) + 1 }

func (s *Shared) time(seconds uint32) time.Time {
	return s.Started.Add(time.Duration(seconds-1) * time.Second)
}
