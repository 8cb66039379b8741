package transport

import (
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// answer queues the pong to a ping.
func (c *conn) answer(ping []byte) {
	pong := c.codec.Control(frame.OpPong, ping)
	limit, then := c.codec.MaxPongs(c.rules)
	c.mu.Lock()
	full := len(c.pongs) > limit
	switch {
	case full && then == frame.DropClient:
		c.mu.Unlock()
		c.drop(outbox.CloseSlow)
		return
	case full:
		c.pongs = nil
	}
	c.pongs = append(c.pongs, pong...)
	c.control.Store(true)
	c.mu.Unlock()
	c.Wake()
}

// sendPing queues a ping.
func (c *conn) sendPing() {
	c.mu.Lock()
	c.ping = true
	c.control.Store(true)
	c.mu.Unlock()
	c.Wake()
}

// output holds the frames of one flush.
type output struct {
	frames [][]byte
	more   bool // something is left for another flush
	last   bool // it ends with the close frame, if there is one, and nothing may follow
}

// collect returns what is to be written. First comes what a slow client has not accepted yet, alone. Otherwise come
// control frames, then what the conversation has queued, then the close frame. Only the goroutine that writes this
// connection may call it.
func (c *conn) collect(frames [][]byte) output {
	if rest := c.unsent; rest != nil {
		c.unsent = nil
		rest.more = true
		return *rest
	}
	out := output{frames: frames}
	state := serving
	if c.control.Load() {
		out.frames, state = c.takeControl(out.frames)
		c.shard.framesOut.Add(uint64(len(out.frames)))
	}
	if state != stopping && c.takeQueued(&out) {
		state = stopping
	}
	if state != serving {
		out.frames, out.last = c.takeClose(out.frames)
		out.more = out.more && !out.last
	}
	return out
}

// sending tells how far a connection is from its close frame.
type sending uint8

const (
	serving  sending = iota
	flushing         // what is queued is written before the close frame, as far as one flush takes it
	stopping         // only the close frame is written
)

func (c *conn) takeControl(frames [][]byte) ([][]byte, sending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state := serving
	switch {
	case c.shut, c.closing != nil && (c.closing.taken || !c.closing.flush):
		return frames, stopping
	case c.closing != nil:
		state = flushing
	default:
		c.control.Store(false)
	}
	if c.pongs != nil {
		frames = append(frames, c.pongs)
		c.pongs = nil
	}
	if c.ping {
		frames = append(frames, c.codec.Control(frame.OpPing, nil))
		c.ping = false
	}
	return frames, state
}

// takeQueued takes from the conversation.
func (c *conn) takeQueued(out *output) (ended bool) {
	taken := c.conv.Take(out.frames, takeBytes)
	out.frames, out.more = taken.Pieces, taken.More
	c.shard.framesOut.Add(uint64(taken.Frames))
	if taken.Closed != nil {
		if c.begin(c.closingOf(*taken.Closed)) {
			c.socket.Wake() // the reader tells the conversation now, not when the client has answered
		}
		return true
	}
	return false
}

func (c *conn) takeClose(frames [][]byte) (_ [][]byte, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == nil || c.closing.taken || c.shut {
		return frames, false
	}
	c.closing.taken = true
	if c.closing.frame != nil {
		frames = append(frames, c.closing.frame)
		c.shard.framesOut.Add(1)
	}
	return frames, true
}
