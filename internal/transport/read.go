package transport

import (
	"errors"
	"io"
	"runtime/debug"

	"github.com/tidings-io/tidings/internal/netpoll"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// The reader is the part of a connection that only one goroutine at a time runs. It reads, gives messages to the
// conversation, and in the end removes the connection from the server. The socket decides which goroutine that is: a
// worker of the event loop, or one that belongs to the connection.
//
// At rest a reader holds no buffer. It takes one before it reads, and puts it back if nothing is left in it.

// readerState is the progress of the reader.
type readerState uint8

const (
	listening  readerState = iota
	discarding             // bytes are read and discarded, after a violation: see fail
	finishing              // nothing is read any more: the writer is about to close the socket
)

// readsAtOnce is the number of reads before other connections have a turn.
const readsAtOnce = 16

// Readable implements [netpoll.EventHandler]: it reads and handles what has arrived.
func (c *conn) Readable() (next netpoll.ReadState) {
	defer func() {
		if fault := recover(); fault != nil {
			c.recovered(fault)
			next = c.finished()
		}
	}()
	for range readsAtOnce {
		c.checkClosing()
		if c.reader == finishing {
			return c.finished()
		}
		if c.early {
			c.early = false
			c.consume()
			continue
		}
		if c.in == nil {
			c.in = c.codec.NewReader(c.rules)
		}
		n, err := c.socket.Read(c.in.Space())
		switch {
		case errors.Is(err, netpoll.ErrWouldBlock):
			return c.rest()
		case err == nil && n == 0:
			err = io.EOF
		}
		if err != nil {
			c.lost(err)
			return c.finished()
		}
		c.received(n)
		if c.reader == discarding {
			c.in.Skip()
			continue
		}
		c.consume()
	}
	return netpoll.Busy
}

// finished returns Done once the socket is closed. Until then the goroutine that closes it wakes the reader.
func (c *conn) finished() netpoll.ReadState {
	if c.isShut() {
		return netpoll.Done
	}
	return netpoll.AwaitClose
}

// checkClosing tells the conversation that the connection is closing, once. It ends reading if the socket is closed,
// because the end of the bytes is not always reported.
func (c *conn) checkClosing() {
	if c.closeDeadline.Load() == 0 {
		return
	}
	if c.isShut() {
		c.reader = finishing
	}
	if reason, begun := c.closingFor(); begun && !c.toldClosed {
		c.over, c.toldClosed = true, true
		c.conv.Closed(reason)
	}
}

// rest puts the buffer back if nothing is in it.
func (c *conn) rest() netpoll.ReadState {
	switch {
	case c.in == nil:
	case c.in.Idle():
		c.in.Put()
		c.in = nil
		c.partialSince.Store(0)
	default:
		return netpoll.Partial
	}
	return netpoll.Idle
}

// timeMessage starts the time for a message that has begun and is not complete: Limits.Message, over all its fragments
// and whatever control frames are between them.
func (c *conn) timeMessage() {
	if c.in != nil && c.partialSince.Load() == 0 && !c.in.Idle() {
		c.partialSince.Store(max(c.shard.clock.Load(), 1)) // 0 stands for none
	}
}

func (c *conn) received(n int) {
	c.in.Filled(n)
	c.lastRead.Store(c.shard.clock.Load())
	c.shard.bytesIn.Add(uint64(n))
}

// consume handles every complete frame that was read.
func (c *conn) consume() {
	c.consumeFrames()
	c.timeMessage()
	c.conv.Flush()
}

func (c *conn) consumeFrames() {
	for {
		c.checkJoined()
		in, complete, wrong := c.in.Next()
		if in.Fragments > 0 {
			c.throttle(in.Fragments)
		}
		switch {
		case wrong != nil:
			c.failProtocol(wrong)
			return
		case !complete:
			return
		}
		c.shard.framesIn.Add(1)
		if wrong := c.handle(in); wrong != nil {
			c.failProtocol(wrong)
			return
		}
		if in.Opcode == frame.OpClose {
			c.reader = finishing
			return
		}
		c.checkClosing()
	}
}

// checkJoined raises the limit of messages when the client has joined.
func (c *conn) checkJoined() {
	if c.joined || !c.conv.Established() {
		return
	}
	c.joined = true
	c.rules.MaxMessage = c.server.maxMessage(c.codec)
	c.in.SetMaxMessage(c.rules.MaxMessage)
}

// throttle makes the reader wait if the client sends more frames than it may. It returns false if the conversation is
// over.
func (c *conn) throttle(frames int) bool {
	if c.over {
		return false
	}
	c.receiving.Store(true)
	c.over = c.conv.Throttle(&c.ctx, frames) != nil // it fails only if the connection is closing
	c.receiving.Store(false)
	return !c.over
}

// failProtocol ends the connection after a violation. The reader goes on and discards what it reads: closing a socket
// with unread bytes would reset it, and the client might never see the reason. The ticker ends it.
func (c *conn) failProtocol(wrong *frame.Violation) {
	c.fail(wrong)
	c.in.Skip()
	c.reader = discarding
}

// handle handles one message or control frame.
func (c *conn) handle(in frame.Incoming) *frame.Violation {
	switch in.Opcode {
	case frame.OpPing:
		if c.throttle(1) {
			c.answer(in.Payload)
		}
	case frame.OpPong:
		c.ponged.Store(true)
		c.throttle(1)
	case frame.OpClose:
		return c.closedByPeer(in.Payload)
	default:
		c.receive(Message{Data: in.Payload, Binary: in.Opcode == frame.OpBinary})
	}
	return nil
}

// receive gives a message to the conversation. If the conversation is over, the client is still read for its close
// frame.
func (c *conn) receive(message Message) {
	if c.over {
		return
	}
	if c.partialSince.Load() != 0 {
		c.partialSince.Store(0)
	}
	c.receiving.Store(true)
	err := c.conv.Receive(&c.ctx, message)
	c.lastRead.Store(c.shard.clock.Load()) // nothing was read meanwhile, so the client was not silent
	c.receiving.Store(false)
	c.over = err != nil // Take returns the reason
}

// lost ends reading. A client that has closed only its own direction still gets what is queued before the close frame.
func (c *conn) lost(err error) {
	c.reader = finishing
	if errors.Is(err, io.EOF) && c.finishClose() {
		return
	}
	c.cut()
}

// finishClose makes the writer close the socket after the close frame. It returns false if none is to be written.
func (c *conn) finishClose() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	pending := c.closing != nil && !c.closing.written
	if pending {
		c.closing.then = endAtOnce
	}
	return pending
}

// recovered closes the connection after a panic in its conversation. Other connections go on.
func (c *conn) recovered(fault any) {
	c.server.log.Error("a connection was closed, because its conversation panicked", "panic", fault, "stack", string(debug.Stack()))
	c.in = nil
	c.reader = finishing
	end := c.closingOf(outbox.CloseInfo{Reason: outbox.CloseInternal, Text: "internal error"})
	end.then = endAtOnce
	c.begin(end)
	c.conv.Closed(outbox.CloseInternal)
}
