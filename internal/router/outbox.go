package router

import "sync"

// Outbox is what waits to be written to one client: shared immutable frames in order, and how the
// conversation ended. Putting never blocks. At rest it holds no buffer.
type Outbox struct {
	router *Router
	waker  Waker

	mu     sync.Mutex // guards what follows
	first  packet     // one fits without a buffer: the usual case of an idle page
	head   *chunk     // the packets after first
	tail   *chunk
	frames int
	bytes  int
	ending *Ending // no frame is accepted once it is set
}

// packet is frames that go out together, one behind the other: mostly one.
type packet struct {
	bytes  []byte
	frames int
}

// chunk holds packets of a burst. Chunks are recycled: a burst costs no garbage.
type chunk struct {
	packets    [30]packet
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

// Taken is what [Outbox.Take] gives.
type Taken struct {
	Pieces [][]byte // each is one or more frames
	Frames int
	More   bool    // there is something left
	Ending *Ending // not nil once nothing is left and nothing more will come
}

// Take appends queued frames to dst, oldest first, until they exceed maxBytes, but at least one piece.
func (o *Outbox) Take(dst [][]byte, maxBytes int) Taken {
	bytes, frames := 0, 0
	o.mu.Lock()
	for o.frames > 0 && (bytes == 0 || bytes+len(o.peekLocked().bytes) <= maxBytes) {
		p := o.popLocked()
		bytes += len(p.bytes)
		frames += p.frames
		dst = append(dst, p.bytes)
	}
	taken := Taken{Pieces: dst, Frames: frames, More: o.frames > 0}
	if !taken.More {
		taken.Ending = o.ending
	}
	o.mu.Unlock()
	o.router.counters.framesOut.Add(uint64(frames))
	o.router.counters.bytesOut.Add(uint64(bytes))
	return taken
}

// Len tells how much is queued.
func (o *Outbox) Len() (frames, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.frames, o.bytes
}

// put queues frames. It reports an overflow once, to the caller whose frames were too many.
func (o *Outbox) put(p packet) putResult {
	o.mu.Lock()
	if o.ending != nil {
		o.mu.Unlock()
		return putEnded
	}
	limits := &o.router.options.Limits
	if o.frames+p.frames > limits.OutboxFrames || o.bytes+len(p.bytes) > limits.OutboxBytes {
		o.clearLocked()
		o.ending = &Ending{Reason: CloseSlow, Text: "too much was waiting to be written to this client"}
		o.mu.Unlock()
		o.waker.Wake()
		return putOverflow
	}
	wasEmpty := o.frames == 0
	o.pushLocked(p)
	o.mu.Unlock()
	if wasEmpty {
		o.waker.Wake()
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
	o.waker.Wake()
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

func (o *Outbox) pushLocked(p packet) {
	wasEmpty := o.frames == 0
	o.frames += p.frames
	o.bytes += len(p.bytes)
	if wasEmpty {
		o.first = p
		return
	}
	if o.tail == nil || o.tail.end == len(o.tail.packets) {
		added := chunks.Get().(*chunk)
		if o.tail == nil {
			o.head = added
		} else {
			o.tail.next = added
		}
		o.tail = added
	}
	o.tail.packets[o.tail.end] = p
	o.tail.end++
}

// peekLocked shows the oldest packet. first is the oldest unless it was taken alone.
func (o *Outbox) peekLocked() packet {
	if o.first.frames > 0 {
		return o.first
	}
	return o.head.packets[o.head.start]
}

func (o *Outbox) popLocked() packet {
	p := o.peekLocked()
	o.frames -= p.frames
	o.bytes -= len(p.bytes)
	if o.first.frames > 0 {
		o.first = packet{}
		return p
	}
	o.head.packets[o.head.start] = packet{}
	o.head.start++
	if o.head.start == o.head.end {
		o.dropChunkLocked()
	}
	return p
}

func (o *Outbox) dropChunkLocked() {
	used := o.head
	o.head = used.next
	if o.head == nil {
		o.tail = nil
	}
	clear(used.packets[used.start:used.end])
	used.start, used.end, used.next = 0, 0, nil
	chunks.Put(used)
}

func (o *Outbox) clearLocked() {
	for o.head != nil {
		o.dropChunkLocked()
	}
	o.first, o.frames, o.bytes = packet{}, 0, 0
}
