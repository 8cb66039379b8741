package outbox

import (
	"time"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/wamp"
)

// thinning holds the pending events of one client, and what was skipped. It is guarded by Outbox.mu.
type thinning struct {
	head, tail *pending // in the order of their turns
	after      int      // items behind tail, or all if there is no tail
	// streams has the event that a newer one replaces: of SlowLatest for each stream, of SlowGap the last one of each
	// subscription.
	streams map[Stream]*pending
	resting queue.Deadlines[*pending]
	held    usage              // of the events that are held
	untold  map[wamp.ID]uint64 // skipped events that the next event of the subscription tells of
	full    bool               // events of SlowGap replace the last one
	skipped uint64             // since the session began
	recent  uint64             // since the client last caught up
}

// thinningLocked returns the thinning of the outbox, and makes it if there is none. Caller must hold mu.
func (o *Outbox) thinningLocked() *thinning {
	if o.thinning == nil {
		o.thinning = &thinning{after: o.itemsLocked(), streams: make(map[Stream]*pending), untold: make(map[wamp.ID]uint64)}
		o.thinning.resting.Init(o.release)
	}
	return o.thinning
}

// inUse reports whether an event may have to wait behind a pending one, or has to tell of skipped ones.
func (t *thinning) inUse() bool {
	return t != nil && (t.head != nil || len(t.streams) > 0 || len(t.untold) > 0)
}

// idle reports whether no event waits alone. Then one finds room in any case: the newest one always comes.
func (t *thinning) idle() bool { return t.head == nil && t.held.frames == 0 }

// alone reports whether p is the only event that waits alone.
func (t *thinning) alone(p *pending) bool {
	return t.head == p && t.tail == p && t.held.frames == 0 || t.head == nil && t.held.frames == 1
}

// caughtUp is called when nothing is left to be taken.
func (t *thinning) caughtUp() {
	if t != nil && !t.inUse() {
		t.recent = 0
	}
}

func (t *thinning) skip(n uint64) {
	t.skipped += n
	t.recent += n
}

// clear forgets all events.
func (t *thinning) clear() {
	for _, p := range t.streams {
		t.resting.Set(p, time.Time{})
	}
	clear(t.streams)
	clear(t.untold)
	t.head, t.tail, t.after, t.held, t.full, t.recent = nil, nil, 0, usage{}, false, 0
}

// putEventLocked is PutEvent for a caller that holds mu.
func (o *Outbox) putEventLocked(e *Event, slow Slow) PutResult {
	t := o.thinningLocked()
	fits := o.fitsLocked(1, len(e.Frame)) || t.idle() && len(e.Frame) <= o.shared.limits().bytes
	if slow.Policy == SlowGap {
		e.Stream = Stream{Subscription: e.Stream.Subscription}
		o.fillLocked(t, fits)
	}
	p := t.streams[e.Stream]
	switch {
	case p != nil && p.place != rests && (slow.Policy == SlowLatest || t.full):
		return o.replaceLocked(p, e)
	case !fits:
		t.untold[e.Stream.Subscription]++
		t.skip(1)
		return Skipped
	case p != nil && p.place == rests:
		o.holdLocked(p, e)
		return Queued
	case !o.behindLocked() && t.untold[e.Stream.Subscription] == 0 && o.fitsLocked(1, len(e.Frame)):
		delete(t.streams, e.Stream) // of SlowGap: what is queued now comes after it
		o.pushLocked(item{bytes: e.Frame, frames: 1, source: skippableSource})
		o.shared.Put.Add(int64(len(e.Frame)))
		return Queued
	}
	p = &pending{event: *e, interval: slow.Interval}
	t.streams[e.Stream] = p
	o.skippable.add(1, len(e.Frame))
	o.shared.Put.Add(int64(len(e.Frame)))
	o.queuePendingLocked(t, p)
	return Queued
}

// fillLocked begins to skip events of SlowGap when there is no room, and ends it when half of the room is free.
func (o *Outbox) fillLocked(t *thinning, fits bool) {
	limits, used := o.shared.limits(), o.skippable.usage()
	switch {
	case !fits, o.frames > 0 && o.shared.Exceeded():
		t.full = true
	case used.frames <= limits.frames/2 && used.bytes <= limits.bytes/2:
		t.full = false
	}
}

// queuePendingLocked puts a pending event behind all that is queued. Caller must hold mu.
func (o *Outbox) queuePendingLocked(t *thinning, p *pending) {
	t.append(p)
	o.frames++
	o.bytes += len(p.event.Frame)
	if o.behind == 0 && o.manyLocked() {
		o.behind = o.shared.seconds()
	}
}

// queueHeldLocked queues an event that was held. Caller must hold mu.
func (o *Outbox) queueHeldLocked(p *pending) {
	o.thinning.held.frames--
	o.thinning.held.bytes -= len(p.event.Frame)
	o.queuePendingLocked(o.thinning, p)
}

// holdLocked keeps an event until the rest of its stream is over. Caller must hold mu.
func (o *Outbox) holdLocked(p *pending, e *Event) {
	p.event, p.place = *e, held
	o.thinning.held.frames++
	o.thinning.held.bytes += len(e.Frame)
	o.skippable.add(1, len(e.Frame))
	o.shared.Put.Add(int64(len(e.Frame)))
}

// replaceLocked skips the older event, whose turn the newer one takes unless it is InOrder. If the newer one is too
// long, it is skipped instead. Caller must hold mu.
func (o *Outbox) replaceLocked(p *pending, e *Event) PutResult {
	o.thinning.skip(1)
	if e.InOrder { // the next event of the subscription tells of it, which is perhaps of another stream
		o.thinning.untold[e.Stream.Subscription]++
	} else {
		p.skipped++
	}
	more := len(e.Frame) - len(p.event.Frame)
	if most := o.shared.limits().bytes; more > 0 && int(o.skippable.bytes)+more > most && (!o.thinning.alone(p) || len(e.Frame) > most) {
		return Skipped
	}
	if p.place == held {
		o.thinning.held.bytes += more
	} else {
		o.bytes += more
	}
	o.skippable.add(0, more)
	o.shared.Put.Add(int64(more))
	p.event = *e
	if e.InOrder && p.place == queued {
		o.thinning.unlink(p)
		o.thinning.append(p)
	}
	return Replaced
}

// popPendingLocked takes the pending event whose turn it is. Caller must hold mu.
func (o *Outbox) popPendingLocked(p *pending) (frame []byte, t toldEvent) {
	thin, id := o.thinning, p.event.Stream.Subscription
	frame, t = p.event.Frame, toldEvent{event: p.event.Told, skipped: p.skipped + thin.untold[id]}
	delete(thin.untold, id)
	thin.unlink(p)
	o.frames--
	o.bytes -= len(frame)
	o.skippable.add(-1, -len(frame))
	p.event.Frame, p.event.Told, p.skipped = nil, nil, 0
	switch {
	case thin.streams[p.event.Stream] != p:
	case p.interval > 0:
		p.place = rests
		thin.resting.Set(p, time.Now().Add(p.interval))
	default:
		delete(thin.streams, p.event.Stream)
	}
	return frame, t
}

// release queues what was held until now, and forgets streams in which nothing came.
func (o *Outbox) release() {
	o.mu.Lock()
	t, wasEmpty := o.thinning, o.frames == 0
	for _, p := range t.resting.TakeDue(time.Now(), nil) {
		switch {
		case t.streams[p.event.Stream] != p: // it was forgotten meanwhile
		case p.place == held:
			o.queueHeldLocked(p)
		default:
			delete(t.streams, p.event.Stream)
		}
	}
	if o.frames == 0 {
		t.caughtUp()
	}
	wake := wasEmpty && o.frames > 0
	o.mu.Unlock()
	if wake {
		o.waker.Wake()
	}
}
