package transport

import (
	"errors"
	"io"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/router"
)

// How a connection is read without a buffer at rest: the descriptor is non-blocking, so that a read
// is tried with a borrowed buffer, and if there is nothing, the buffer is given back before the
// goroutine is parked in the runtime's poller. RawConn.Read does just that: it calls pullFrom again
// and again, and waits for readiness whenever that returns false.
//
// Over TLS there is no such descriptor: a single byte is read there at rest, which crypto/tls waits
// for with buffers of its own (a record of up to 16 KiB, kept). The rest is as above: behind the first
// byte of a frame there is always another, so that reading on with a borrowed buffer is right.

// read is the reader: the connection's one goroutine.
func (c *conn) read() {
	defer c.retire()
	defer c.catch()
	if c.in != nil && !c.consume() {
		return
	}
	for {
		switch err := c.fill(); {
		case errors.Is(err, os.ErrDeadlineExceeded): // the ticker has something to tell: kick
			c.rearm()
		case err != nil:
			c.lost(err)
			return
		}
		if !c.consume() {
			return
		}
	}
}

// fill reads what is there, and waits if there is nothing.
func (c *conn) fill() error {
	if c.raw == nil {
		return c.fillPlainly()
	}
	if err := c.raw.Read(c.pull); err != nil {
		return err
	}
	if c.failed != nil {
		return c.failed
	}
	if c.pulled == 0 {
		return io.EOF
	}
	c.heardFrom(c.pulled)
	return nil
}

// pullFrom tries to read. It reports false to be called again when there is something.
func (c *conn) pullFrom(fd uintptr) bool {
	if c.in == nil {
		c.in = c.wire.borrow(c.rules)
	}
	for {
		c.pulled, c.failed = syscall.Read(int(fd), c.in.space())
		switch {
		case errors.Is(c.failed, syscall.EINTR):
		case errors.Is(c.failed, syscall.EAGAIN):
			c.waits()
			return false
		default:
			return true
		}
	}
}

func (c *conn) fillPlainly() error {
	if c.waits(); c.in == nil {
		var one [1]byte
		if _, err := io.ReadFull(c.nc, one[:]); err != nil {
			return err
		}
		c.in = c.wire.borrow(c.rules)
		c.in.space()[0] = one[0]
		c.in.filled(1)
		c.waits()
	}
	n, err := c.nc.Read(c.in.space())
	c.heardFrom(n)
	return err
}

// waits is called before the reader is parked: the buffer is given back unless something is in it.
func (c *conn) waits() {
	switch {
	case c.in == nil:
	case c.in.rests():
		c.in.giveBack()
		c.in = nil
		c.partial.Store(0)
	case c.partial.Load() == 0:
		c.partial.Store(max(c.shard.clock.Load(), 1)) // 0 stands for none
	}
}

func (c *conn) heardFrom(n int) {
	if n <= 0 {
		return
	}
	c.in.filled(n)
	c.heard.Store(c.shard.clock.Load())
	c.shard.bytesIn.Add(uint64(n))
}

// consume takes every complete frame out of what was read. It reports false when the reader is to end.
func (c *conn) consume() bool {
	for {
		if reason, begun := c.closingFor(); begun && !c.gone {
			c.over, c.gone = true, true
			c.talk.Gone(reason)
		}
		if c.in == nil {
			return true
		}
		in, complete, wrong := c.in.next()
		switch {
		case wrong != nil:
			c.fail(wrong)
			c.discard()
			return false
		case !complete:
			return true
		}
		c.shard.framesIn.Add(1)
		if wrong := c.take(in); wrong != nil {
			c.fail(wrong)
			c.discard()
			return false
		}
		if in.opcode == ws.OpClose {
			c.awaitShut()
			return false
		}
	}
}

// take acts on one frame or message.
func (c *conn) take(in incoming) *violation {
	switch in.opcode {
	case ws.OpPing:
		c.answer(in.payload)
	case ws.OpPong:
		c.ponged.Store(true)
	case ws.OpClose:
		return c.closedByPeer(in.payload)
	default:
		c.receive(Message{Data: in.payload, Binary: in.opcode == ws.OpBinary})
	}
	return nil
}

// receive hands a message to the conversation, unless that is over: then the client is still read,
// for its close frame.
func (c *conn) receive(message Message) {
	if c.over {
		return
	}
	if c.partial.Load() != 0 {
		c.partial.Store(0)
	}
	c.receiving.Store(true)
	err := c.talk.Receive(&c.life, message)
	c.heard.Store(c.shard.clock.Load()) // what came meanwhile was not read: it was not the client's silence
	c.receiving.Store(false)
	c.over = err != nil // how it ended comes from Take
}

// discard reads on after a violation, without looking: closing a socket with unread bytes would reset
// it, and the client might never see why. The ticker ends it.
func (c *conn) discard() {
	c.in = nil // in an unknown state: left to the garbage collector
	for {
		err := c.fill()
		if c.in != nil {
			c.in.skip()
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.rearm()
		case err != nil:
			c.lost(err)
			return
		}
	}
}

// lost is called when nothing more can be read. A client that has only closed its own direction still
// gets what is on its way to the close frame.
func (c *conn) lost(err error) {
	if !errors.Is(err, io.EOF) {
		return
	}
	c.mu.Lock()
	onItsWay := c.closing != nil && !c.closing.written
	if onItsWay {
		c.closing.then = endAtOnce
	}
	c.mu.Unlock()
	if onItsWay {
		c.awaitShut()
	}
}

// kick makes the reader look at c.closing.
func (c *conn) kick() {
	c.nc.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // fails only if closed, which the reader sees too
}

func (c *conn) rearm() {
	c.nc.SetReadDeadline(time.Time{}) //nolint:errcheck // as above
}

// catch keeps a panic in the conversation from taking the other clients along.
func (c *conn) catch() {
	p := recover()
	if p == nil {
		return
	}
	c.server.log.Error("a connection failed", "panic", p, "stack", string(debug.Stack()))
	c.in = nil
	end := c.closingOf(router.Ending{Reason: router.CloseInternal, Text: "internal error"})
	end.then = endAtOnce
	c.begin(end)
	c.talk.Gone(router.CloseInternal)
	c.awaitShut()
}
