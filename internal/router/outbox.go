package router

import "sync"

// Outbox is what waits to be written to one client: shared immutable frames in order, and how the
// conversation ended. Putting never blocks. At rest it holds no buffer.
type Outbox struct {
	router *Router
	wake   func()

	mu     sync.Mutex // guards what follows
	first  []byte     // one frame fits without a buffer: the usual case of an idle page
	head   *chunk     // the frames after first
	tail   *chunk
	frames int
	bytes  int
	ending *Ending // no frame is accepted once it is set
}

// chunk holds frames of a burst. Chunks are recycled: a burst costs no garbage.
type chunk struct {
	frames     [30][]byte
	start, end int
	next       *chunk
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// putResult is what became of a frame.
type putResult uint8

const (
	putQueued   putResult = iota
	putOverflow           // this frame was one too many: the conversation has ended as slow
	putEnded              // the conversation had ended before
)

// Take appends the queued frames to dst, oldest first, until they exceed maxBytes, but at least one.
// The Ending is non-nil once nothing is left and nothing more will come.
func (o *Outbox) Take(dst [][]byte, maxBytes int) ([][]byte, *Ending) {
	had, taken := len(dst), 0
	o.mu.Lock()
	for o.frames > 0 && (taken == 0 || taken+len(o.peekLocked()) <= maxBytes) {
		frame := o.popLocked()
		taken += len(frame)
		dst = append(dst, frame)
	}
	var ending *Ending
	if o.frames == 0 {
		ending = o.ending
	}
	o.mu.Unlock()
	o.router.counters.framesOut.Add(uint64(len(dst) - had))
	o.router.counters.bytesOut.Add(uint64(taken))
	return dst, ending
}

// Len tells how much is queued.
func (o *Outbox) Len() (frames, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.frames, o.bytes
}

// put queues one frame. It reports an overflow once, to the caller whose frame was too many.
func (o *Outbox) put(frame []byte) putResult {
	o.mu.Lock()
	if o.ending != nil {
		o.mu.Unlock()
		return putEnded
	}
	if o.frames >= o.router.options.Limits.OutboxFrames || o.bytes+len(frame) > o.router.options.Limits.OutboxBytes {
		o.clearLocked()
		o.ending = &Ending{Reason: CloseSlow, Text: "too much was waiting to be written to this client"}
		o.mu.Unlock()
		o.wake()
		return putOverflow
	}
	wasEmpty := o.frames == 0
	o.pushLocked(frame)
	o.mu.Unlock()
	if wasEmpty {
		o.wake()
	}
	return putQueued
}

// end refuses further frames; what is queued is still written. The first ending stands.
func (o *Outbox) end(ending Ending) (first bool) {
	o.mu.Lock()
	if o.ending != nil {
		o.mu.Unlock()
		return false
	}
	o.ending = &ending
	o.mu.Unlock()
	o.wake()
	return true
}

// discard drops what nobody will write any more.
func (o *Outbox) discard() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clearLocked()
}

func (o *Outbox) ended() *Ending {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ending
}

func (o *Outbox) pushLocked(frame []byte) {
	o.frames++
	o.bytes += len(frame)
	if o.frames == 1 {
		o.first = frame
		return
	}
	if o.tail == nil || o.tail.end == len(o.tail.frames) {
		added := chunks.Get().(*chunk)
		if o.tail == nil {
			o.head = added
		} else {
			o.tail.next = added
		}
		o.tail = added
	}
	o.tail.frames[o.tail.end] = frame
	o.tail.end++
}

// peekLocked shows the oldest frame. first is the oldest unless it was taken alone.
func (o *Outbox) peekLocked() []byte {
	if o.first != nil {
		return o.first
	}
	return o.head.frames[o.head.start]
}

func (o *Outbox) popLocked() []byte {
	frame := o.peekLocked()
	o.frames--
	o.bytes -= len(frame)
	if o.first != nil {
		o.first = nil
		return frame
	}
	o.head.frames[o.head.start] = nil
	o.head.start++
	if o.head.start == o.head.end {
		o.dropChunkLocked()
	}
	return frame
}

func (o *Outbox) dropChunkLocked() {
	used := o.head
	o.head = used.next
	if o.head == nil {
		o.tail = nil
	}
	clear(used.frames[used.start:used.end])
	used.start, used.end, used.next = 0, 0, nil
	chunks.Put(used)
}

func (o *Outbox) clearLocked() {
	for o.head != nil {
		o.dropChunkLocked()
	}
	o.first, o.frames, o.bytes = nil, 0, 0
}
