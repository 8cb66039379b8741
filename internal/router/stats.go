package router

import (
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/outbox"
)

// counters count since the start of the router. All but clients only grow.
type counters struct {
	publications atomic.Uint64
	events       atomic.Uint64
	puts         atomic.Uint64
	encodings    atomic.Uint64
	unsendable   atomic.Uint64
	unqueued     atomic.Uint64
	notKept      atomic.Uint64
	calls        atomic.Uint64
	framesIn     atomic.Uint64
	bytesIn      atomic.Uint64
	rateWaits    atomic.Uint64
	refusals     atomic.Uint64
	unanswered   atomic.Uint64
	badPayloads  atomic.Uint64
	closes       [outbox.NumReasons]atomic.Uint64
	clients      atomic.Int64
}

// Stats describes a router at one moment. What is counted grows from its start.
type Stats struct {
	Clients       int // attached, joined or not
	Sessions      int
	Subscriptions int // topics and patterns, not subscribers
	Registrations int
	OutboxFrames  int // waiting to be written, over all sessions
	OutboxBytes   int
	KeptTopics    int // with retained events or a history
	KeptBytes     int

	Publications uint64
	Events       uint64 // put into an outbox, or queued for a subscriber that catches up
	Encodings    uint64 // events encoded: one for each subscription and format, not for each client
	Puts         uint64 // times that events were put into an outbox; those of one run count once
	Unsendable   uint64 // events that the subscriber's serialization cannot express, or that are too long for it
	Unqueued     uint64 // messages of calls that had no room in the outbox of their receiver, or were too long for it
	NotKept      uint64 // publications that were refused because the journal failed
	Calls        uint64
	FramesIn     uint64
	BytesIn      uint64
	FramesOut    uint64 // taken by transports
	BytesOut     uint64
	RateWaits    uint64 // times that a reader waited, because its client sent too fast
	KeptDropped  uint64 // topics whose kept publications were given up for lack of room
	Refusals     uint64 // requests answered with ERROR by the router itself
	Closes       map[outbox.CloseReason]uint64
	Unanswered   uint64 // requests that were refused without an answer, because their sender expects none
	BadPayloads  uint64 // messages that were refused because their payload cannot be passed on
}

// Stats returns the numbers of the router. It walks over all sessions, so it is for metrics and not for every request.
func (r *Router) Stats() Stats {
	s := Stats{
		Clients:      int(r.counters.clients.Load()),
		Publications: r.counters.publications.Load(),
		Events:       r.counters.events.Load(),
		Encodings:    r.counters.encodings.Load(),
		Puts:         r.counters.puts.Load(),
		Unsendable:   r.counters.unsendable.Load(),
		Unqueued:     r.counters.unqueued.Load(),
		NotKept:      r.counters.notKept.Load(),
		Calls:        r.counters.calls.Load(),
		FramesIn:     r.counters.framesIn.Load(),
		BytesIn:      r.counters.bytesIn.Load(),
		FramesOut:    r.outboxes.Frames.Load(),
		BytesOut:     r.outboxes.Bytes.Load(),
		RateWaits:    r.counters.rateWaits.Load(),
		Refusals:     r.counters.refusals.Load(),
		Closes:       make(map[outbox.CloseReason]uint64, len(r.counters.closes)),
		Unanswered:   r.counters.unanswered.Load(),
		BadPayloads:  r.counters.badPayloads.Load(),
	}
	for reason := range r.counters.closes {
		s.Closes[outbox.CloseReason(reason)] = r.counters.closes[reason].Load()
	}
	for _, realm := range r.allRealms() {
		s.Subscriptions += realm.broker.count()
		s.Registrations += realm.dealer.count()
		if realm.journal != nil {
			kept := realm.journal.Stats()
			s.KeptTopics += kept.Topics
			s.KeptBytes += kept.Bytes
			s.KeptDropped += kept.Dropped
		}
		for _, session := range realm.Sessions() {
			s.Sessions++
			frames, bytes := session.client.outbox.Len()
			s.OutboxFrames += frames
			s.OutboxBytes += bytes
		}
	}
	return s
}
