package transport

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// Stats is the state of a server at one moment. Counters grow from the start of the server.
type Stats struct {
	Connections   int // open now
	Accepted      uint64
	Refused       map[Refusal]uint64
	Questions     map[Refusal]uint64 // of pages whether they may connect, by the answer; "": they may
	Closed        map[Closed]uint64
	BytesIn       uint64 // WebSocket bytes, without the handshakes
	BytesOut      uint64
	FramesIn      uint64 // messages and control frames
	FramesOut     uint64
	Reads         uint64 // system calls; those of blocking sockets are not counted
	Writes        uint64
	WrittenSlowly uint64 // writes that the client did not accept at once
}

// Closed describes how connections were closed: the reason, and the code of RFC 6455. 1006 stands for no close frame,
// 1005 for one without a code, 3000 and 4000 for all codes that applications define from there.
type Closed struct {
	Reason outbox.CloseReason
	Code   int
}

// Stats returns the current counts.
func (s *Server) Stats() Stats {
	stats := Stats{
		Accepted: s.handshakes.accepted.Load(),
		Refused:  s.handshakes.all(),
		Closed:   s.closes.all(),
		Questions: map[Refusal]uint64{
			"": s.questions.accepted.Load(),
		},
	}
	for reason, n := range s.questions.all() {
		if slices.Contains(answers, reason) {
			stats.Questions[reason] = n
		}
	}
	stats.Connections = s.longPoll.count()
	for _, sh := range s.shards {
		stats.BytesIn += sh.bytesIn.Load()
		stats.BytesOut += sh.bytesOut.Load()
		stats.FramesIn += sh.framesIn.Load()
		stats.FramesOut += sh.framesOut.Load()
		reads, writes := sh.loop.SystemCalls()
		stats.Reads += reads
		stats.Writes += writes
		stats.WrittenSlowly += sh.writtenSlowly.Load()
		stats.Connections += sh.count()
	}
	return stats
}

type handshakeCounters struct {
	accepted atomic.Uint64
	mu       sync.Mutex // guards refused
	refused  map[Refusal]uint64
}

func (h *handshakeCounters) refuse(reason Refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refused == nil {
		h.refused = make(map[Refusal]uint64, len(refusals))
	}
	h.refused[reason]++
}

func (h *handshakeCounters) all() map[Refusal]uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[Refusal]uint64, len(refusals))
	for _, reason := range refusals {
		all[reason] = h.refused[reason]
	}
	return all
}

type closeCounters struct {
	mu     sync.Mutex // guards counts
	counts map[Closed]uint64
}

func (c *closeCounters) count(reason outbox.CloseReason, code frame.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[Closed]uint64)
	}
	c.counts[Closed{reason, closedCode(code)}]++
}

// closedCode maps the codes that applications define to two, so that a client cannot create counters.
func closedCode(code frame.Code) int {
	switch {
	case code >= 4000:
		return 4000
	case code >= 3000:
		return 3000
	}
	return int(code)
}

func (c *closeCounters) all() map[Closed]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

func addrText(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
