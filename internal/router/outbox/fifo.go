package outbox

import "sync"

// item is a packet in the queue.
type item struct {
	bytes  []byte
	frames uint32
	source Source // 0: no message of a call, and no event that may be skipped
}

// Source is the session that caused a message of a call. The messages of one source leave room for those of others.
type Source uint32

// AnySource is the source of messages that need no share of their own.
const AnySource Source = 1

// skippableSource marks events that may be skipped.
const skippableSource Source = 4

// SourceOf returns the source of a session id. A few sessions may have the same source, and then share its room.
func SourceOf(session uint64) Source { return Source(session) | 2 }

// chunk holds items of a burst. Chunks are recycled: a burst costs no garbage.
type chunk struct {
	items      [30]item
	start, end int
	next       *chunk
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// pushLocked queues an item. Caller must hold mu.
func (o *Outbox) pushLocked(i item) {
	wasEmpty := o.frames == 0
	o.countLocked(&i, 1)
	if o.thinning != nil {
		o.thinning.after++
	}
	if wasEmpty {
		o.first = i
		return
	}
	if o.tail == nil || o.tail.end == len(o.tail.items) {
		added := chunks.Get().(*chunk)
		if added.next = added; o.tail != nil {
			added.next, o.tail.next = o.tail.next, added
		}
		o.tail = added
	}
	o.tail.items[o.tail.end] = i
	o.tail.end++
}

// peekLocked returns the oldest item: first, unless that was taken alone. Caller must hold mu.
func (o *Outbox) peekLocked() item {
	if o.first.frames > 0 {
		return o.first
	}
	return o.tail.next.items[o.tail.next.start]
}

// popLocked takes the oldest item. Caller must hold mu.
func (o *Outbox) popLocked() item {
	i := o.peekLocked()
	o.countLocked(&i, -1)
	if o.thinning != nil {
		o.thinning.popped()
	}
	if o.first.frames > 0 {
		o.first = item{}
		return i
	}
	oldest := o.tail.next
	oldest.items[oldest.start] = item{}
	oldest.start++
	if oldest.start == oldest.end {
		o.dropChunkLocked()
	}
	return i
}

// dropChunkLocked drops the oldest chunk. Caller must hold mu.
func (o *Outbox) dropChunkLocked() {
	used := o.tail.next
	if used == o.tail {
		o.tail = nil
	} else {
		o.tail.next = used.next
	}
	clear(used.items[used.start:used.end])
	used.start, used.end, used.next = 0, 0, nil
	chunks.Put(used)
}

// countLocked counts an item that was queued (by 1), or taken (by -1). Caller must hold mu.
func (o *Outbox) countLocked(i *item, by int) {
	frames, bytes := by*int(i.frames), by*len(i.bytes)
	o.frames += int32(frames)
	o.bytes += bytes
	switch i.source {
	case 0:
	case skippableSource:
		o.skippable.add(frames, bytes)
	default:
		o.calls.add(frames, bytes)
	}
	if o.behind == 0 && o.manyLocked() {
		o.behind = o.shared.seconds()
	}
}

// itemsLocked counts the items. Caller must hold mu.
func (o *Outbox) itemsLocked() (n int) {
	if o.first.frames > 0 {
		n++
	}
	for c := range o.chunksLocked {
		n += c.end - c.start
	}
	return n
}

// chunksLocked yields the chunks, oldest first. Caller must hold mu.
func (o *Outbox) chunksLocked(yield func(*chunk) bool) {
	if o.tail == nil {
		return
	}
	for c := o.tail.next; yield(c) && c != o.tail; c = c.next {
	}
}
