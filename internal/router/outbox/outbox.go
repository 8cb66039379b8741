package outbox

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Outbox queues shared immutable frames for one client, in order, and records how its conversation
// closed. Putting never blocks. An empty Outbox holds no buffer. It is safe for concurrent use.
//
// The limits count twice: once for what a client has asked for, events and replies, and once for the messages of
// calls, which other clients cause. So no call closes a client, nor takes the room of its events.
//
//	                 over the limit                          counts
//	[Outbox.Put]       closes the client as slow               what is no message of a call
//	[Outbox.PutCall]   refuses the frame, closes nothing       all
//	[Outbox.PutUrgent] queues the frame                        nothing
type Outbox struct {
	shared *Shared
	waker  Waker

	mu     sync.Mutex // guards what follows
	first  item       // one item fits without a chunk: the usual case of an idle page
	head   *chunk     // the items after first
	tail   *chunk
	frames int
	bytes  int
	calls  usage      // of these, the messages of calls
	closed *CloseInfo // no frame is accepted once it is set

	waiting *[]waiting // goroutines that wait for room; nil: there are none
}

// usage counts queued messages.
type usage struct{ frames, bytes int }

// Shared holds the limits and counters of all outboxes of a router.
type Shared struct {
	maxFrames, maxBytes atomic.Int64 // see Outbox

	Frames atomic.Uint64 // taken so far
	Bytes  atomic.Uint64
}

// Limit sets how many frames and bytes each outbox may hold. Packets that are queued already stay.
func (s *Shared) Limit(frames, bytes int) {
	s.maxFrames.Store(int64(frames))
	s.maxBytes.Store(int64(bytes))
}

func (s *Shared) limits() usage {
	return usage{int(s.maxFrames.Load()), int(s.maxBytes.Load())}
}

// Waker is told that the outbox is no longer empty, or that it was closed. Wake runs in the goroutine of
// the sender, under its locks: it must not block or call back.
type Waker interface{ Wake() }

// WakeFunc is a function as a [Waker]. A nil WakeFunc does nothing.
type WakeFunc func()

// Wake calls f.
func (f WakeFunc) Wake() {
	if f != nil {
		f()
	}
}

// Init prepares an outbox. It must be called once, before any other method.
func (o *Outbox) Init(shared *Shared, waker Waker) {
	if waker == nil {
		waker = WakeFunc(nil)
	}
	o.shared, o.waker = shared, waker
}

// Packet is one or more frames that go out together, one behind the other.
type Packet struct {
	Bytes  []byte
	Frames int
}

// item is a packet in the queue.
type item struct {
	bytes  []byte
	frames uint32
	source Source // 0: no message of a call
}

// Source is the session that caused a message of a call. The messages of one source leave room for those of others.
type Source uint32

// AnySource is the source of messages that need no share of their own.
const AnySource Source = 1

// SourceOf returns the source of a session id. A few sessions may have the same source, and then share its room.
func SourceOf(session uint64) Source { return Source(session) | 2 }

// chunk holds items of a burst. Chunks are recycled: a burst costs no garbage.
type chunk struct {
	items      [30]item
	start, end int
	next       *chunk
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// PutResult tells what became of a packet.
type PutResult uint8

const (
	Queued   PutResult = iota // the packet will be taken
	Overflow                  // the packet exceeded a limit, and closed the outbox as slow
	Closed                    // the outbox was closed before
	Full                      // there is no room for the message of a call now
	TooLarge                  // the message of a call fits not even into an empty outbox
)

// Taken is the result of [Outbox.Take].
type Taken struct {
	Pieces [][]byte // each is one or more frames
	Frames int
	More   bool       // there is something left
	Closed *CloseInfo // not nil once no packet is left and none will come
}

// Take appends queued frames to dst, oldest first, until they exceed maxBytes, but at least one piece.
func (o *Outbox) Take(dst [][]byte, maxBytes int) Taken {
	bytes, frames := 0, 0
	o.mu.Lock()
	for o.frames > 0 && (bytes == 0 || bytes+len(o.peekLocked().bytes) <= maxBytes) {
		i := o.popLocked()
		bytes += len(i.bytes)
		frames += int(i.frames)
		dst = append(dst, i.bytes)
	}
	o.tellWaitingLocked()
	taken := Taken{Pieces: dst, Frames: frames, More: o.frames > 0}
	if !taken.More {
		taken.Closed = o.closed
	}
	o.mu.Unlock()
	o.shared.Frames.Add(uint64(frames))
	o.shared.Bytes.Add(uint64(bytes))
	return taken
}

// TakeSame takes the oldest packet if its bytes are the same memory as the given ones: another outbox, from which they
// were taken, had the same packet. It reports whether it did.
func (o *Outbox) TakeSame(bytes []byte) bool {
	o.mu.Lock()
	var taken item
	if o.frames > 0 {
		if oldest := o.peekLocked().bytes; len(oldest) == len(bytes) && unsafe.SliceData(oldest) == unsafe.SliceData(bytes) {
			taken = o.popLocked()
		}
	}
	o.mu.Unlock()
	o.shared.Frames.Add(uint64(taken.frames))
	o.shared.Bytes.Add(uint64(len(taken.bytes)))
	return taken.frames > 0
}

// Len returns how many frames and bytes are queued.
func (o *Outbox) Len() (frames, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.frames, o.bytes
}

// Put queues a packet. It reports an overflow once, to the caller whose packet exceeded the limit.
func (o *Outbox) Put(p Packet) PutResult {
	o.mu.Lock()
	if o.closed != nil {
		o.mu.Unlock()
		return Closed
	}
	limits := o.shared.limits()
	if o.frames-o.calls.frames+p.Frames > limits.frames || o.bytes-o.calls.bytes+len(p.Bytes) > limits.bytes {
		o.clearLocked()
		o.closed = &CloseInfo{Reason: CloseSlow, Text: "too much was waiting to be written to this client"}
		o.tellWaitingLocked()
		o.mu.Unlock()
		o.waker.Wake()
		return Overflow
	}
	wasEmpty := o.frames == 0
	o.pushLocked(item{bytes: p.Bytes, frames: uint32(p.Frames)})
	o.mu.Unlock()
	if wasEmpty {
		o.waker.Wake()
	}
	return Queued
}

// Close refuses further packets; queued ones are still written. Only the first call has an effect, and
// reports true.
func (o *Outbox) Close(info CloseInfo) (first bool) {
	o.mu.Lock()
	if o.closed != nil {
		o.mu.Unlock()
		return false
	}
	o.closed = &info
	o.tellWaitingLocked()
	o.mu.Unlock()
	o.waker.Wake()
	return true
}

// Discard drops the queued packets, which no writer will take any more.
func (o *Outbox) Discard() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clearLocked()
}

// Closed returns how the outbox was closed, or nil while it is open.
func (o *Outbox) Closed() *CloseInfo {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}

func (o *Outbox) pushLocked(i item) {
	wasEmpty := o.frames == 0
	o.frames += int(i.frames)
	o.bytes += len(i.bytes)
	if wasEmpty {
		o.first = i
		return
	}
	if o.tail == nil || o.tail.end == len(o.tail.items) {
		added := chunks.Get().(*chunk)
		if o.tail == nil {
			o.head = added
		} else {
			o.tail.next = added
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
	return o.head.items[o.head.start]
}

func (o *Outbox) popLocked() item {
	i := o.peekLocked()
	o.frames -= int(i.frames)
	o.bytes -= len(i.bytes)
	if i.source != 0 {
		o.calls.frames--
		o.calls.bytes -= len(i.bytes)
	}
	if o.first.frames > 0 {
		o.first = item{}
		return i
	}
	o.head.items[o.head.start] = item{}
	o.head.start++
	if o.head.start == o.head.end {
		o.dropChunkLocked()
	}
	return i
}

func (o *Outbox) dropChunkLocked() {
	used := o.head
	o.head = used.next
	if o.head == nil {
		o.tail = nil
	}
	clear(used.items[used.start:used.end])
	used.start, used.end, used.next = 0, 0, nil
	chunks.Put(used)
}

func (o *Outbox) clearLocked() {
	for o.head != nil {
		o.dropChunkLocked()
	}
	o.first, o.frames, o.bytes, o.calls = item{}, 0, 0, usage{}
}
