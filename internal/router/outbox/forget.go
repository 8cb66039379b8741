package outbox

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// dropHeldLocked drops the events that are held, because nothing follows the end of a conversation. Caller must hold
// mu.
func (o *Outbox) dropHeldLocked() {
	if o.thinning == nil {
		return
	}
	for _, p := range o.thinning.streams {
		if p.place == held {
			o.removeLocked(p)
		}
	}
}

// Forget drops the events that wait alone for a subscription, which has ended or begins anew.
func (o *Outbox) Forget(subscription wamp.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.thinning
	if t == nil {
		return
	}
	for p, next := t.head, (*pending)(nil); p != nil; p = next {
		next = p.next
		if p.event.Stream.Subscription == subscription {
			o.removeLocked(p)
		}
	}
	for stream, p := range t.streams {
		if stream.Subscription == subscription {
			o.removeLocked(p)
		}
	}
	delete(t.untold, subscription)
}

// Settle makes the events that wait alone for a subscription wait like all others: no newer event takes their place.
func (o *Outbox) Settle(subscription wamp.ID) {
	o.mu.Lock()
	wasEmpty, t := o.frames == 0, o.thinning
	if t != nil {
		for stream, p := range t.streams {
			if stream.Subscription == subscription {
				o.settleLocked(p)
			}
		}
	}
	wake := wasEmpty && o.frames > 0
	o.mu.Unlock()
	if wake {
		o.waker.Wake()
	}
}

// settleLocked forgets the stream of a pending event. Caller must hold mu.
func (o *Outbox) settleLocked(p *pending) {
	delete(o.thinning.streams, p.event.Stream)
	o.thinning.resting.Set(p, time.Time{})
	if p.place == held {
		o.queueHeldLocked(p)
	}
}

// removeLocked drops a pending event, and forgets its stream if the event is the one that a newer one would replace.
// Caller must hold mu.
func (o *Outbox) removeLocked(p *pending) {
	t, bytes := o.thinning, len(p.event.Frame)
	if t.streams[p.event.Stream] == p {
		delete(t.streams, p.event.Stream)
	}
	t.resting.Set(p, time.Time{})
	switch p.place {
	case rests:
		return
	case held:
		t.held.frames--
		t.held.bytes -= bytes
	case queued:
		t.unlink(p)
		o.frames--
		o.bytes -= bytes
	}
	o.skippable.add(-1, -bytes)
	o.shared.Dropped.Add(int64(bytes))
}
