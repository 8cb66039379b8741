package transport

import (
	"errors"
	"io"
	"runtime/debug"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// A reader is the part of a connection that only one goroutine at a time runs: it reads, hands messages
// to the conversation, and in the end takes the connection off the books. Which goroutine that is, and
// when, is the link's business: one of a few that look after all connections, or one of its own.
//
// At rest a reader holds no buffer: it borrows one before it reads, and gives it back when nothing is
// left in it.

// readerState is how far the reader has come.
type readerState uint8

const (
	listening  readerState = iota
	discarding             // nothing is understood any more, see fail: what comes is read and forgotten
	finishing              // nothing is read any more: the socket is about to be closed by who writes
)

// progress is what a reader that was run expects.
type progress uint8

const (
	idle progress = iota // to be run again when something has come, or when it is roused
	busy                 // to be run again soon: there is more, but it is the others' turn
	over                 // to be retired
)

// readsAtOnce is how often a reader reads before the others have their turn.
const readsAtOnce = 16

// advance reads and handles what there is.
func (c *conn) advance() (next progress) {
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
		n, err := c.socket.read(c.in.Space())
		switch {
		case errors.Is(err, errWouldBlock):
			c.rest()
			return idle
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
	return busy
}

// finished is what follows when nothing is read any more: the end, once the socket is closed.
func (c *conn) finished() progress {
	if c.isShut() {
		return over
	}
	return idle // who closes the socket rouses the reader
}

// checkClosing tells the conversation that the connection is closing, once, and ends reading when it is
// closed: that nothing comes any more is not always seen.
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

// rest is called when there is nothing to read: the buffer is given back unless something is in it.
func (c *conn) rest() {
	switch {
	case c.in == nil:
	case c.in.Idle():
		c.in.Put()
		c.in = nil
		c.partialSince.Store(0)
	case c.partialSince.Load() == 0:
		c.partialSince.Store(max(c.shard.clock.Load(), 1)) // 0 stands for none
	}
}

func (c *conn) received(n int) {
	c.in.Filled(n)
	c.lastRead.Store(c.shard.clock.Load())
	c.shard.bytesIn.Add(uint64(n))
}

// consume takes every complete frame out of what was read.
func (c *conn) consume() {
	c.consumeFrames()
	c.conv.Flush()
}

func (c *conn) consumeFrames() {
	for {
		in, complete, wrong := c.in.Next()
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

// failProtocol ends the connection of a client that broke the rules. It is read on, without looking: closing
// a socket with unread bytes would reset it, and the client might never see why. The ticker ends it.
func (c *conn) failProtocol(wrong *frame.Violation) {
	c.fail(wrong)
	c.in = nil // in an unknown state: left to the garbage collector
	c.reader = discarding
}

// handle acts on one frame or message.
func (c *conn) handle(in frame.Incoming) *frame.Violation {
	switch in.Opcode {
	case frame.OpPing:
		c.answer(in.Payload)
	case frame.OpPong:
		c.ponged.Store(true)
	case frame.OpClose:
		return c.closedByPeer(in.Payload)
	default:
		c.receive(Message{Data: in.Payload, Binary: in.Opcode == frame.OpBinary})
	}
	return nil
}

// receive hands a message to the conversation, unless that is over: then the client is still read,
// for its close frame.
func (c *conn) receive(message Message) {
	if c.over {
		return
	}
	if c.partialSince.Load() != 0 {
		c.partialSince.Store(0)
	}
	c.receiving.Store(true)
	err := c.conv.Receive(&c.ctx, message)
	c.lastRead.Store(c.shard.clock.Load()) // what came meanwhile was not read: it was not the client's silence
	c.receiving.Store(false)
	c.over = err != nil // how it ended comes from Take
}

// lost is called when nothing more can be read. A client that has only closed its own direction still
// gets what is on its way to the close frame.
func (c *conn) lost(err error) {
	c.reader = finishing
	if errors.Is(err, io.EOF) && c.finishClose() {
		return
	}
	c.cut()
}

// finishClose has the socket closed once the close frame is written, if there is one to be written.
func (c *conn) finishClose() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	onItsWay := c.closing != nil && !c.closing.written
	if onItsWay {
		c.closing.then = endAtOnce
	}
	return onItsWay
}

// recovered keeps a panic in the conversation from taking the other clients along.
func (c *conn) recovered(fault any) {
	c.server.log.Error("a connection failed", "panic", fault, "stack", string(debug.Stack()))
	c.in = nil
	c.reader = finishing
	end := c.closingOf(router.CloseInfo{Reason: router.CloseInternal, Text: "internal error"})
	end.then = endAtOnce
	c.begin(end)
	c.conv.Closed(router.CloseInternal)
}
