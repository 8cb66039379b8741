package sender

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
)

// Shared holds what the senders of a router share. Safe for concurrent use, once the fields are set.
type Shared struct {
	Outboxes outbox.Shared
	Counters *meter.Counters
	Log      *slog.Logger
	All      func() []*outbox.Outbox // of all sessions

	formats outbox.Formats
	relief  atomic.Bool // a goroutine relieves the outboxes
}

// CheckTotal is called after messages were queued. If more than the total may wait for all clients, a goroutine counts
// it and takes from those that hold the most. So no publisher waits for that.
func (s *Shared) CheckTotal() {
	if s.Outboxes.MayExceed() && s.relief.CompareAndSwap(false, true) {
		time.AfterFunc(0, s.relieve)
	}
}

// relieve takes from the clients that hold the most, if more than the total waits for all of them.
func (s *Shared) relieve() {
	defer s.relief.Store(false)
	defer func() {
		if fault := recover(); fault != nil {
			s.Log.Error("the outboxes were not relieved", "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	done := s.Outboxes.Relieve(s.All())
	s.Counters.Closes[outbox.CloseSlow].Add(uint64(done.Closed))
	s.Counters.SkippedTotal.Add(uint64(done.Skipped))
	s.Counters.ClosedTotal.Add(uint64(done.Closed))
	if done.Closed > 0 || done.Thinned > 0 {
		s.Log.Warn("more than limits.outbox_total was waiting to be written: clients that read too slowly were "+
			"disconnected, or get fewer events", "bytes", done.Before, "bytes_left", done.After, "disconnected", done.Closed, "thinned", done.Thinned)
	}
}
