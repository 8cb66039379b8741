package outbox

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// SlowPolicy tells what becomes of the events of a topic for a client that does not keep up.
type SlowPolicy uint8

// The policies.
const (
	SlowClose  SlowPolicy = iota // the client is closed as slow over the limits
	SlowLatest                   // a newer event takes the place of one that waits
	SlowGap                      // over the limits only the newest event waits
)

// Slow is the policy of a topic.
type Slow struct {
	Policy   SlowPolicy
	Interval time.Duration // of SlowLatest: the least time between two events of a stream to a client that is behind
}

// Stream names the events of which a newer one replaces an older one.
type Stream struct {
	Subscription wamp.ID
	Topic        wamp.URI
	Key          string
}

// Event is one event for a client that is behind.
type Event struct {
	Stream  Stream
	Frame   []byte // shared
	Told    Told   // nil: the client is not told of skipped events
	InOrder bool   // comes after all that was put before, also if it replaces another one
}

// Told is an event for a client that is told of the skipped ones.
type Told interface {
	// WithSkipped returns a frame of the event that says how many events before it were skipped, or nil if there is none
	// that is short enough for the client. It is called without a lock.
	WithSkipped(n uint64) []byte
}

// A client is behind while this much waits for it. It is less than one write takes.
const (
	behindFrames = 64
	behindBytes  = 16 << 10
)

// manyLocked reports whether the client is behind. Caller must hold mu.
func (o *Outbox) manyLocked() bool { return o.frames >= behindFrames || o.bytes >= behindBytes }

// behindLocked is manyLocked for events that may be skipped: while all outboxes together hold too much, one frame is
// many. Caller must hold mu.
func (o *Outbox) behindLocked() bool {
	return o.manyLocked() || o.frames > 0 && o.shared.Exceeded()
}

// PutSkippable queues events of a topic that has another policy than [SlowClose]. If the client is behind it queues
// nothing and returns Behind: then the caller puts each event by PutEvent. Otherwise it is as PutShared.
func (o *Outbox) PutSkippable(p Packet) PutResult {
	o.mu.Lock()
	switch {
	case o.closed != nil:
		o.mu.Unlock()
		return Closed
	case o.behindLocked() || o.thinning.inUse() || !o.fitsLocked(p.Frames, len(p.Bytes)):
		o.mu.Unlock()
		return Behind
	}
	o.pushAndUnlock(item{bytes: p.Bytes, frames: uint32(p.Frames), source: skippableSource})
	return Queued
}

// fitsLocked reports whether there is room for more events that may be skipped. Caller must hold mu.
func (o *Outbox) fitsLocked(frames, bytes int) bool {
	limits, used := o.shared.limits(), o.skippable.usage()
	return used.frames+frames <= limits.frames && used.bytes+bytes <= limits.bytes
}

// PutEvent queues one event of a topic that has another policy than [SlowClose], or skips an event of its stream.
func (o *Outbox) PutEvent(e Event, slow Slow) PutResult {
	o.mu.Lock()
	if o.closed != nil {
		o.mu.Unlock()
		return Closed
	}
	wasEmpty := o.frames == 0
	result := o.putEventLocked(&e, slow)
	wake := wasEmpty && o.frames > 0
	o.mu.Unlock()
	if wake {
		o.waker.Wake()
	}
	return result
}

// State describes an outbox at one moment.
type State struct {
	Frames  int // queued
	Bytes   int
	Skipped uint64    // events since the session began
	Behind  time.Time // since when the client is behind; zero: it is not
	Thinned bool      // events are being skipped
}

// State returns the state of the outbox.
func (o *Outbox) State() State {
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting := o.lenLocked()
	s := State{Frames: waiting.frames, Bytes: waiting.bytes}
	if o.behind > 0 {
		s.Behind = o.shared.time(o.behind)
	}
	if t := o.thinning; t != nil {
		s.Skipped, s.Thinned = t.skipped, t.recent > 0
	}
	return s
}
