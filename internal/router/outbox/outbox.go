package outbox

import "sync"

// Outbox queues shared immutable frames for one client, in order, and records how its conversation
// closed. Putting never blocks. An empty Outbox holds no buffer. It is safe for concurrent use.
//
// The limits count three times: for what a client has asked for, events and replies; for the messages of calls, which
// other clients cause; and for events that may be skipped. So neither a call nor an event of the last kind closes a
// client or takes the room of its other messages.
//
//	                      over the limit                        counts
//	[Outbox.Put]          closes the client as slow             all but calls and what may be skipped
//	[Outbox.PutShared]    the same
//	[Outbox.PutSkippable] queues nothing: see [Outbox.PutEvent] events that may be skipped
//	[Outbox.PutEvent]     skips an event, closes nothing        the same
//	[Outbox.PutCall]      refuses the frame, closes nothing     all but what may be skipped
//	[Outbox.PutUrgent]    queues the frame                      nothing
type Outbox struct {
	shared *Shared
	waker  Waker

	mu        sync.Mutex // guards what follows
	first     item       // one item fits without a chunk: the usual case of an idle page
	tail      *chunk     // the newest of the items after first; its next is the oldest
	bytes     int
	frames    int32
	behind    uint32     // since when the client is behind, as of Shared.seconds; 0: it is not
	calls     tally      // of the frames, the messages of calls
	skippable tally      // of the frames, and of what rests, the events that may be skipped
	thinning  *thinning  // nil until an event waits alone
	waiting   *[]waiting // goroutines that wait for room; nil: there are none
	closed    *CloseInfo // no frame is accepted once it is set
}

// usage counts queued messages.
type usage struct{ frames, bytes int }

// tally is a small usage, because each client has two.
type tally struct{ frames, bytes int32 }

func (t *tally) add(frames, bytes int) {
	t.frames += int32(frames)
	t.bytes += int32(bytes)
}

func (t tally) usage() usage { return usage{int(t.frames), int(t.bytes)} }

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

// Limits returns how many frames and bytes the outbox may hold.
func (o *Outbox) Limits() (frames, bytes int) {
	limits := o.shared.limits()
	return limits.frames, limits.bytes
}

// Packet is one or more frames that go out together, one behind the other.
type Packet struct {
	Bytes  []byte
	Frames int
}

// PutResult tells what became of a packet or an event.
type PutResult uint8

const (
	Queued   PutResult = iota // the packet will be taken
	Overflow                  // the packet exceeded a limit, and closed the outbox as slow
	Closed                    // the outbox was closed before
	Full                      // there is no room for the message of a call now
	TooLarge                  // the message of a call fits not even into an empty outbox
	Behind                    // the client is behind: each event of the packet is to be put alone
	Replaced                  // the event will be taken, in the place of an older one
	Skipped                   // the event found no room
)

// Put queues a packet. It reports an overflow once, to the caller whose packet exceeded the limit.
func (o *Outbox) Put(p Packet) PutResult {
	result := o.PutShared(p)
	if result == Queued {
		o.shared.Put.Add(int64(len(p.Bytes)))
	}
	return result
}

// PutShared is Put for a packet that goes to many outboxes. If it is queued, the caller adds its bytes to Shared.Put,
// for all outboxes at once.
func (o *Outbox) PutShared(p Packet) PutResult {
	o.mu.Lock()
	if o.closed != nil {
		o.mu.Unlock()
		return Closed
	}
	limits, used := o.shared.limits(), o.usageLocked()
	if used.frames-int(o.calls.frames)+p.Frames > limits.frames || used.bytes-int(o.calls.bytes)+len(p.Bytes) > limits.bytes {
		o.overflowLocked("too much was waiting to be written to this client")
		o.mu.Unlock()
		o.waker.Wake()
		return Overflow
	}
	o.pushAndUnlock(item{bytes: p.Bytes, frames: uint32(p.Frames)})
	return Queued
}

// usageLocked counts what is queued without the events that may be skipped. Caller must hold mu.
func (o *Outbox) usageLocked() usage {
	waiting := o.lenLocked()
	return usage{waiting.frames - int(o.skippable.frames), waiting.bytes - int(o.skippable.bytes)}
}

// pushAndUnlock queues an item, unlocks mu and wakes the transport. Caller must hold mu.
func (o *Outbox) pushAndUnlock(i item) {
	wasEmpty := o.frames == 0
	o.pushLocked(i)
	o.mu.Unlock()
	if wasEmpty {
		o.waker.Wake()
	}
}

// overflowLocked closes the outbox as slow and drops what is queued. Caller must hold mu, and wake the transport.
func (o *Outbox) overflowLocked(text string) {
	o.clearLocked()
	o.closed = &CloseInfo{Reason: CloseSlow, Text: text}
	o.tellWaitingLocked()
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
	o.dropHeldLocked()
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

func (o *Outbox) clearLocked() {
	o.shared.Dropped.Add(int64(o.lenLocked().bytes))
	for o.tail != nil {
		o.dropChunkLocked()
	}
	o.first, o.frames, o.bytes, o.calls, o.skippable, o.behind = item{}, 0, 0, tally{}, tally{}, 0
	if o.thinning != nil {
		o.thinning.clear()
	}
}
