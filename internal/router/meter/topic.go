package meter

import "sync/atomic"

// Topic counts the events of the topics that one contract governs.
type Topic struct {
	Events atomic.Uint64 // put into an outbox, or queued for a subscriber that catches up
}
