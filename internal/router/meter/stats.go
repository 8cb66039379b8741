package meter

import (
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/publication"
)

// Counters count since the start of a router. All but Clients only grow. Safe for concurrent use.
type Counters struct {
	Publications atomic.Uint64
	Events       atomic.Uint64
	Puts         atomic.Uint64
	Encodings    atomic.Uint64
	Unsendable   atomic.Uint64
	Unqueued     atomic.Uint64

	SkippedLatest atomic.Uint64
	SkippedGap    atomic.Uint64
	SkippedTotal  atomic.Uint64
	ClosedTotal   atomic.Uint64

	NotKept     atomic.Uint64
	Calls       atomic.Uint64
	FramesIn    atomic.Uint64
	BytesIn     atomic.Uint64
	RateWaits   atomic.Uint64
	Refusals    atomic.Uint64
	Unanswered  atomic.Uint64
	BadPayloads atomic.Uint64
	Closes      [outbox.NumReasons]atomic.Uint64
	Clients     atomic.Int64
}

// Stats describes a router at one moment. What is counted grows from its start.
type Stats struct {
	Clients       int // attached, joined or not
	Sessions      int
	Subscriptions int // topics and patterns, not subscribers
	Registrations int
	OutboxFrames  int // waiting to be written, over all sessions
	OutboxBytes   int
	Behind        int // sessions whose client does not keep up
	Thinned       int // of these and others, sessions that get fewer events than are published
	KeptTopics    int // with retained events or a history
	KeptBytes     int

	Publications   uint64
	Events         uint64 // put into an outbox, or queued for a subscriber that catches up
	Encodings      uint64 // events encoded: one for each subscription and format, not for each client
	Puts           uint64 // times that events were put into an outbox; those of one run count once
	Unsendable     uint64 // events that the subscriber's serialization cannot express, or that are too long for it
	SkippedLatest  uint64 // events that a slow client did not get because a newer one took their place
	SkippedGap     uint64 // events that a slow client did not get because there was no room
	SkippedTotal   uint64 // events that a slow client did not get because too much waited for all clients
	ClosedTotal    uint64 // clients that were closed as slow because too much waited for all clients
	Unqueued       uint64 // messages of calls that had no room in the outbox of their receiver, or were too long for it
	NotKept        uint64 // publications that were refused because the journal failed
	Calls          uint64
	FramesIn       uint64
	BytesIn        uint64
	FramesOut      uint64 // taken by transports
	BytesOut       uint64
	RateWaits      uint64 // times that a reader waited, because its client sent too fast
	KeptDropped    uint64 // topics whose kept publications were given up for lack of room
	RecordsWritten uint64 // records of kept publications that were written to the store; one has those of many publishers
	RecordsRead    uint64 // records of kept publications that were read from the store
	Refusals       uint64 // requests answered with ERROR by the router itself
	Closes         map[outbox.CloseReason]uint64
	Unanswered     uint64 // requests that were refused without an answer, because their sender expects none
	BadPayloads    uint64 // messages that were refused because their payload cannot be passed on
}

// Stats returns what is counted.
func (c *Counters) Stats() Stats {
	s := Stats{
		Clients:       int(c.Clients.Load()),
		Publications:  c.Publications.Load(),
		Events:        c.Events.Load(),
		Encodings:     c.Encodings.Load(),
		Puts:          c.Puts.Load(),
		Unsendable:    c.Unsendable.Load(),
		Unqueued:      c.Unqueued.Load(),
		SkippedLatest: c.SkippedLatest.Load(),
		SkippedGap:    c.SkippedGap.Load(),
		SkippedTotal:  c.SkippedTotal.Load(),
		ClosedTotal:   c.ClosedTotal.Load(),
		NotKept:       c.NotKept.Load(),
		Calls:         c.Calls.Load(),
		FramesIn:      c.FramesIn.Load(),
		BytesIn:       c.BytesIn.Load(),
		RateWaits:     c.RateWaits.Load(),
		Refusals:      c.Refusals.Load(),
		Closes:        make(map[outbox.CloseReason]uint64, len(c.Closes)),
		Unanswered:    c.Unanswered.Load(),
		BadPayloads:   c.BadPayloads.Load(),
	}
	for reason := range c.Closes {
		s.Closes[outbox.CloseReason(reason)] = c.Closes[reason].Load()
	}
	return s
}

// AddJournal adds the numbers of the journal of a realm.
func (s *Stats) AddJournal(kept publication.JournalStats) {
	s.KeptTopics += kept.Topics
	s.KeptBytes += kept.Bytes
	s.KeptDropped += kept.Dropped
	s.RecordsWritten += kept.Written
	s.RecordsRead += kept.Read
}

// AddSession adds a session with what waits for it.
func (s *Stats) AddSession(state outbox.State) {
	s.Sessions++
	s.OutboxFrames += state.Frames
	s.OutboxBytes += state.Bytes
	if !state.Behind.IsZero() {
		s.Behind++
	}
	if state.Thinned {
		s.Thinned++
	}
}
