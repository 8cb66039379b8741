package outbox

import "context"

// waiting is a goroutine that waits for room.
type waiting struct {
	frames, bytes int
	room          chan<- struct{}
}

// Below reports whether fewer frames and bytes than these are queued, or the outbox is closed. Otherwise room gets a
// value once that may be so: ask again then. A channel with room for one value must be given. Several goroutines may
// wait, and then all are told.
func (o *Outbox) Below(frames, bytes int, room chan<- struct{}) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed != nil || int(o.frames) <= frames && o.bytes <= bytes {
		return true
	}
	if o.waiting == nil {
		o.waiting = new([]waiting)
	}
	*o.waiting = append(*o.waiting, waiting{frames, bytes, room})
	return false
}

// AwaitBelow waits until fewer frames and bytes than these are queued, or the outbox is closed. It reports false if ctx
// ends before.
func (o *Outbox) AwaitBelow(ctx context.Context, frames, bytes int) bool {
	room := make(chan struct{}, 1)
	for !o.Below(frames, bytes, room) {
		select {
		case <-room:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// tellWaitingLocked tells the goroutines for which there is room now. Caller must hold mu.
func (o *Outbox) tellWaitingLocked() {
	if o.waiting == nil {
		return
	}
	var rest []waiting
	for _, w := range *o.waiting {
		if o.closed == nil && (int(o.frames) > w.frames || o.bytes > w.bytes) {
			rest = append(rest, w)
			continue
		}
		select {
		case w.room <- struct{}{}:
		default:
		}
	}
	if len(rest) == 0 {
		o.waiting = nil
		return
	}
	*o.waiting = rest
}
