package transport

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router"
)

// How connections are written to. A connection's turn to write is a counter: whoever has something
// for it counts up (Wake), and who raises it from 0 puts the connection on its shard's list. The
// shard takes the list and visits each connection on it: everything that is queued for it goes out with
// one write, which does not wait. Then it sets the counter back to 0 if nobody has counted meanwhile;
// else the connection goes to the end of the list.
//
//	Wake: turn 0 -> 1 --push--> ready list --visit--> written ----------> turn n -> 0
//	                             ^    ^        |                             | counted meanwhile,
//	                             |    |        v                             | or more is queued
//	                             |    |   the kernel took only a part:       |
//	                             |    |   the rest is kept                   |
//	                             |    |        v                             |
//	                             |    +-- there is room again                |
//	                             +-------------------------------------------+
//
// So a shard never waits: a slow client costs what it has not taken, and delays nobody. While a shard is
// busy more is queued for the connections on its list, so that the busier it is, the more events it
// writes at once.

const (
	// takeBytes is what one visit writes, so that a client with a full outbox does not keep the shard
	// from the others. A single larger message is written in one go.
	takeBytes = 64 << 10
	// slowChunk is what a slow client has Limits.Write of time for.
	slowChunk = 64 << 10
)

// shard is a part of the connections, and the goroutine that writes to them and watches their deadlines.
type shard struct {
	server *Server
	clock  atomic.Int64 // Server.now at the last tick: what connections are stamped with
	wakeup chan struct{}
	done   chan struct{}

	bytesIn, bytesOut, framesIn, framesOut atomic.Uint64
	reads, writes, writtenSlowly           atomic.Uint64

	readyMu sync.Mutex // guards ready; a leaf
	ready   []*conn

	membersMu sync.Mutex // guards members; a leaf
	members   []*conn

	loop eventLoopOnce

	// Owned by run.
	flushing []*conn
	frames   [][]byte
	scratch  []byte
	batch    sendBatch
}

// pendingFlush is a connection's turn to be written to.
type pendingFlush struct {
	conn *conn
	seen uint32 // of conn.turn
	out  output
}

func newShard(s *Server) *shard {
	return &shard{
		server:  s,
		wakeup:  make(chan struct{}, 1),
		done:    make(chan struct{}),
		scratch: make([]byte, 0, takeBytes),
	}
}

// run is the shard's goroutine.
func (sh *shard) run() {
	ticker := time.NewTicker(sh.server.limits.tick())
	defer ticker.Stop()
	defer sh.batch.close()
	for {
		select {
		case <-sh.wakeup:
			sh.flushReady()
		case <-ticker.C:
			sh.tick()
		case <-sh.done:
			return
		}
	}
}

// Wake implements [router.Waker]: there is something to be written.
func (c *conn) Wake() {
	if c.wakes.Add(1) == 1 {
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

func (sh *shard) flushReady() {
	sh.readyMu.Lock()
	sh.flushing, sh.ready = sh.ready, sh.flushing[:0]
	sh.readyMu.Unlock()
	for _, c := range sh.flushing {
		sh.flush(c)
	}
	sh.batch.flush()
	clear(sh.flushing)
}

// flush writes what is queued for a connection, together with others where that is possible.
func (sh *shard) flush(c *conn) {
	v := pendingFlush{conn: c, seen: c.wakes.Load()}
	v.out = c.collect(sh.frames[:0])
	sh.frames = v.out.frames
	defer clear(sh.frames) // do not keep them alive
	if !sh.batch.add(v) {
		v.done(c.socket.send(v.out))
	}
}

// done is what follows when the link has sent what it can.
func (v *pendingFlush) done(done bool, err error) {
	switch {
	case err != nil:
		v.conn.drop(writeFailure(err))
	case done:
		v.conn.flushed(v.seen, v.out)
	default:
		v.conn.shard.writtenSlowly.Add(1)
	}
}

// flushed gives the turn back, unless there is more to be written or the connection has ended.
func (c *conn) flushed(seen uint32, out output) {
	switch {
	case out.last:
		c.closeWritten()
	case out.more || !c.wakes.CompareAndSwap(seen, 0):
		c.shard.push(c)
	}
}

// gather puts as many frames as there is room for into one piece: copying a few hundred bytes is cheaper
// than another entry of writev.
func gather(room []byte, frames [][]byte) (chunk []byte, count int) {
	chunk = room[:0]
	for _, frame := range frames {
		if len(chunk)+len(frame) > cap(chunk) {
			break
		}
		chunk = append(chunk, frame...)
		count++
	}
	return chunk, count
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
	c.lastWrite.Store(c.shard.clock.Load())
	c.shard.bytesOut.Add(uint64(size))
}
