package router

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
)

// checkTotal is called after messages were queued. If more than the total may wait for all clients, a goroutine counts
// it and takes from those that hold the most. So no publisher waits for that.
func (r *Router) checkTotal() {
	if r.outboxes.MayExceed() && r.relief.CompareAndSwap(false, true) {
		time.AfterFunc(0, r.relieve)
	}
}

// relieve takes from the clients that hold the most, if more than the total waits for all of them.
func (r *Router) relieve() {
	defer r.relief.Store(false)
	defer func() {
		if fault := recover(); fault != nil {
			r.options.Logger.Error("the outboxes were not relieved", "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	var all []*outbox.Outbox
	for _, realm := range r.allRealms() {
		for _, s := range realm.Sessions() {
			all = append(all, &s.client.outbox)
		}
	}
	done := r.outboxes.Relieve(all)
	r.counters.Closes[outbox.CloseSlow].Add(uint64(done.Closed))
	r.counters.SkippedTotal.Add(uint64(done.Skipped))
	r.counters.ClosedTotal.Add(uint64(done.Closed))
	if done.Closed > 0 || done.Thinned > 0 {
		r.options.Logger.Warn("more than limits.outbox_total was waiting to be written: clients that read too slowly were "+
			"disconnected, or get fewer events", "bytes", done.Before, "bytes_left", done.After, "disconnected", done.Closed, "thinned", done.Thinned)
	}
}
