package outbox

import (
	"slices"
	"unsafe"

	"github.com/tidings-io/tidings/internal/wamp"
)

// LimitTotal sets how many bytes may wait in all outboxes together.
func (s *Shared) LimitTotal(bytes int64) { s.total.Store(bytes) }

// Waiting returns about how many bytes wait in all outboxes. Bytes that several outboxes share count for each.
func (s *Shared) Waiting() int64 { return s.Put.Load() - int64(s.Bytes.Load()) - s.Dropped.Load() }

// MayExceed reports whether more than the total may wait: then Relieve is to be called, by one goroutine at a time.
// After a Relieve it reports false until as much was put as was free, or a 16th of the total if less was free.
func (s *Shared) MayExceed() bool {
	return s.Waiting() > s.total.Load() && s.Put.Load() >= s.next.Load()
}

// Exceeded reports whether more than the total waits, which the last Relieve could not change.
func (s *Shared) Exceeded() bool { return s.exceeded.Load() && s.Waiting() > s.total.Load() }

// Relief is the result of Relieve.
type Relief struct {
	Before, After int64 // bytes that waited; those that several outboxes share count once
	Closed        int   // outboxes that were closed as slow
	Thinned       int   // outboxes of which events were skipped
	Skipped       int   // events
}

// Relieve counts what waits in all outboxes, and shared bytes once. If that is more than the total, it takes from the
// outboxes that hold the most, until a quarter of the total is free: of events that wait alone it leaves the newest of
// each subscription, and an outbox that holds more of other messages is closed as slow.
func (s *Shared) Relieve(all []*Outbox) Relief {
	total, put := s.total.Load(), s.Put.Load()
	c := census{frames: make(map[*byte]*shares)}
	for _, o := range all {
		c.add(o)
	}
	relief := Relief{Before: c.bytes}
	if c.bytes > total {
		slices.SortFunc(c.holders, func(a, b holder) int { return b.bytes - a.bytes })
		for _, h := range c.holders {
			if c.bytes <= total/4*3 {
				break
			}
			c.relieve(h.outbox, &relief)
		}
	}
	relief.After = c.bytes
	s.exceeded.Store(c.bytes > total)
	s.next.Store(put + max(total-c.bytes, total/16))
	return relief
}

// census counts the bytes of all outboxes.
type census struct {
	frames  map[*byte]*shares // by their first byte
	bytes   int64             // of the frames
	holders []holder          // outboxes that hold something
}

// shares says how many outboxes hold a frame.
type shares struct{ outboxes, bytes int }

type holder struct {
	outbox *Outbox
	bytes  int
}

func (c *census) add(o *Outbox) {
	o.mu.Lock()
	defer o.mu.Unlock()
	bytes := o.lenLocked().bytes
	if bytes == 0 || o.closed != nil {
		return
	}
	c.holders = append(c.holders, holder{o, bytes})
	for frame := range o.framesLocked {
		key := unsafe.SliceData(frame)
		if c.frames[key] == nil {
			c.frames[key] = &shares{bytes: len(frame)}
			c.bytes += int64(len(frame))
		}
		c.frames[key].outboxes++
	}
}

// dropped counts a frame that an outbox has dropped. One that came after the count is not known.
func (c *census) dropped(frame []byte) {
	if known := c.frames[unsafe.SliceData(frame)]; known != nil {
		if known.outboxes--; known.outboxes == 0 {
			c.bytes -= int64(known.bytes)
		}
	}
}

func (c *census) relieve(o *Outbox, r *Relief) {
	o.mu.Lock()
	if o.closed != nil {
		o.mu.Unlock()
		return
	}
	if bytes := o.lenLocked().bytes; int(o.skippable.bytes) >= bytes-int(o.skippable.bytes) {
		if n := o.thinLocked(c.dropped); n > 0 {
			r.Thinned++
			r.Skipped += n
		}
		o.mu.Unlock()
		return
	}
	for frame := range o.framesLocked {
		c.dropped(frame)
	}
	o.overflowLocked("too much was waiting to be written to all clients, and this one was among those that read the least")
	o.mu.Unlock()
	o.waker.Wake()
	r.Closed++
}

// framesLocked yields the bytes of all that is queued. Caller must hold mu.
func (o *Outbox) framesLocked(yield func([]byte) bool) {
	if o.first.frames > 0 && !yield(o.first.bytes) {
		return
	}
	for c := range o.chunksLocked {
		for i := c.start; i < c.end; i++ {
			if !yield(c.items[i].bytes) {
				return
			}
		}
	}
	for p := range o.thinning.eachPending {
		if !yield(p.event.Frame) {
			return
		}
	}
}

// thinLocked drops all events that wait alone but the newest of each subscription, which tells of them. It returns how
// many were dropped. Caller must hold mu.
func (o *Outbox) thinLocked(dropped func([]byte)) (n int) {
	var older []*pending
	newest := make(map[wamp.ID]*pending)
	for p := range o.thinning.eachPending { // those in the list come first, oldest first
		id := p.event.Stream.Subscription
		if newest[id] != nil {
			older = append(older, newest[id])
		}
		newest[id] = p
	}
	for _, p := range older {
		dropped(p.event.Frame)
		newest[p.event.Stream.Subscription].skipped += p.skipped + 1
		o.removeLocked(p)
	}
	if len(older) > 0 {
		o.thinning.skip(uint64(len(older)))
	}
	return len(older)
}

// eachPending yields the events that wait alone.
func (t *thinning) eachPending(yield func(*pending) bool) {
	if t == nil {
		return
	}
	for p := t.head; p != nil; p = p.next {
		if !yield(p) {
			return
		}
	}
	for _, p := range t.streams {
		if p.place == held && !yield(p) {
			return
		}
	}
}
