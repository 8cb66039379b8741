package transport

import (
	"bytes"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tidings-io/tidings/internal/router"
)

// How connections are written to. A connection's turn to write is a counter: whoever has something
// for it counts up (wake), and who raises it from 0 puts the connection on its shard's list. The
// shard takes the list and visits each connection on it: everything that is queued for it goes out with
// one write, which does not wait. Then it sets the counter back to 0 if nobody has counted meanwhile;
// else the connection goes to the end of the list.
//
//	wake: turn 0 -> 1 --push--> ready list --visit--> written ----------> turn n -> 0
//	                                ^          |                             | counted meanwhile,
//	                                |          v                             | or more is queued
//	                                |   the kernel took only a part;         |
//	                                |   or TLS, which cannot be tried        |
//	                                |          v                             |
//	                                +-- a goroutine on demand writes it <----+
//	                                    and has the turn while it does
//
// So a shard never waits: a slow client costs one goroutine, for as long as it is slow, and delays
// nobody. While a shard is busy more is queued for the connections on its list, so that the busier it
// is, the more events it writes at once.

const (
	// takeBytes is what one visit writes, so that a client with a full outbox does not keep the shard
	// from the others. A single larger message is written in one go.
	takeBytes = 64 << 10
	// slowPiece is what a slow client has Limits.Write of time for.
	slowPiece = 64 << 10
)

// shard is a part of the connections, and the goroutine that writes to them and watches their deadlines.
type shard struct {
	server *Server
	clock  atomic.Int64 // Server.now at the last tick: what connections are stamped with
	wakeup chan struct{}
	done   chan struct{}

	bytesIn, bytesOut, framesIn, framesOut, writtenSlowly atomic.Uint64

	readyMu sync.Mutex // guards ready; a leaf
	ready   []*conn

	membersMu sync.Mutex // guards members; a leaf
	members   []*conn

	// Owned by run.
	visiting []*conn
	frames   [][]byte
	scratch  []byte
	chunk    []byte // what attempt has to write
	failed   error
	attempt  func(fd uintptr) bool
}

func newShard(s *Server) *shard {
	sh := &shard{
		server:  s,
		wakeup:  make(chan struct{}, 1),
		done:    make(chan struct{}),
		scratch: make([]byte, 0, takeBytes),
	}
	sh.attempt = sh.tryWrite
	return sh
}

// run is the shard's goroutine.
func (sh *shard) run() {
	ticker := time.NewTicker(sh.server.limits.tick())
	defer ticker.Stop()
	for {
		select {
		case <-sh.wakeup:
			sh.visitReady()
		case <-ticker.C:
			sh.tick()
		case <-sh.done:
			return
		}
	}
}

// wake says that there is something to be written. It does not block.
func (c *conn) wake() {
	if c.turn.Add(1) == 1 {
		c.shard.push(c)
	}
}

func (sh *shard) push(c *conn) {
	sh.readyMu.Lock()
	sh.ready = append(sh.ready, c)
	first := len(sh.ready) == 1
	sh.readyMu.Unlock()
	if first {
		select {
		case sh.wakeup <- struct{}{}:
		default:
		}
	}
}

func (sh *shard) visitReady() {
	sh.readyMu.Lock()
	sh.visiting, sh.ready = sh.ready, sh.visiting[:0]
	sh.readyMu.Unlock()
	for _, c := range sh.visiting {
		sh.visit(c)
	}
	clear(sh.visiting)
}

// visit writes what is queued for a connection.
func (sh *shard) visit(c *conn) {
	seen := c.turn.Load()
	out := c.collect(sh.frames[:0])
	sh.frames = out.frames
	sh.framesOut.Add(uint64(len(out.frames)))
	defer clear(sh.frames) // do not keep them alive
	rest, err := out.frames, error(nil)
	if c.raw != nil {
		rest, err = sh.write(c, out.frames)
	}
	switch {
	case err != nil:
		c.drop(writeFailure(err))
	case len(rest) > 0:
		out.frames = slices.Clone(rest)
		sh.writtenSlowly.Add(1)
		sh.server.onDemand.Go(func() { c.writeSlowly(out) })
	default:
		c.settle(seen, out)
	}
}

// settle gives the turn back, unless there is more to be written or the connection has ended.
func (c *conn) settle(seen uint32, out output) {
	switch {
	case out.last:
		c.closeWritten()
	case out.more || !c.turn.CompareAndSwap(seen, 0):
		c.shard.push(c)
	}
}

// write writes frames without waiting. It gives back what the kernel did not take.
func (sh *shard) write(c *conn, frames [][]byte) ([][]byte, error) {
	for len(frames) > 0 {
		chunk, count := sh.gather(frames)
		size := len(chunk)
		sh.chunk, sh.failed = chunk, nil
		if err := c.raw.Write(sh.attempt); err != nil {
			return nil, err
		}
		if sh.failed != nil {
			return nil, sh.failed
		}
		c.wrote(size - len(sh.chunk))
		frames = frames[count:]
		if len(sh.chunk) > 0 {
			return append([][]byte{bytes.Clone(sh.chunk)}, frames...), nil
		}
	}
	return nil, nil
}

// gather puts as many frames as fit into one piece: copying a few hundred bytes is cheaper than
// another entry of writev.
func (sh *shard) gather(frames [][]byte) (chunk []byte, count int) {
	if len(frames) == 1 || len(frames[0])+len(frames[1]) > cap(sh.scratch) {
		return frames[0], 1
	}
	chunk = sh.scratch[:0]
	for _, frame := range frames {
		if len(chunk)+len(frame) > cap(sh.scratch) {
			break
		}
		chunk = append(chunk, frame...)
		count++
	}
	return chunk, count
}

// tryWrite writes the chunk until the kernel takes no more. It reports true: do not wait.
func (sh *shard) tryWrite(fd uintptr) bool {
	for len(sh.chunk) > 0 {
		n, err := syscall.Write(int(fd), sh.chunk)
		if n > 0 {
			sh.chunk = sh.chunk[n:]
		}
		switch {
		case err == nil, errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return true
		default:
			sh.failed = err
			return true
		}
	}
	return true
}

// writeSlowly is the goroutine on demand: it writes in the ordinary way and gives the connection back
// to the shard.
func (c *conn) writeSlowly(out output) {
	all := out.frames[0]
	if len(out.frames) > 1 {
		all = slices.Concat(out.frames...) // one record of TLS, not one for each frame
	}
	for piece := range slices.Chunk(all, slowPiece) {
		if err := c.writeWithin(c.server.limits.Write, piece); err != nil {
			c.drop(writeFailure(err))
			return
		}
		c.wrote(len(piece))
	}
	if out.last {
		c.closeWritten()
		return
	}
	c.shard.push(c)
}

func writeFailure(err error) router.CloseReason {
	var timeout net.Error
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return router.CloseSlow
	}
	return router.CloseLost
}

// wrote stamps and counts.
func (c *conn) wrote(size int) {
	if size == 0 {
		return
	}
	c.said.Store(c.shard.clock.Load())
	c.shard.bytesOut.Add(uint64(size))
}
