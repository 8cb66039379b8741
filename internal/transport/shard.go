package transport

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/netpoll"
	"github.com/tidings-io/tidings/internal/router/outbox"
)

// How connections are written to. conn.wakes counts requests to write (Wake). The caller that raises it from 0 puts the
// connection on its shard's ready list. The shard takes the list and flushes each connection on it: everything that is
// queued goes into one write, which does not block. Then the shard resets wakes with CompareAndSwap. If the count has
// grown, the connection goes to the end of the list.
//
//	Wake: wakes 0 -> 1 --push--> ready list --flush--> written ---------> wakes n -> 0
//	                              ^    ^        |                             | the count has grown,
//	                              |    |        v                             | or more is queued
//	                              |    |   the kernel accepted a part:        |
//	                              |    |   the rest is kept in unsent         |
//	                              |    |        v                             |
//	                              |    +-- Writable: there is room again      |
//	                              +-------------------------------------------+
//
// So a shard never blocks: a slow client costs the memory of what it has not accepted, and delays no other client.
// While a shard is busy, more is queued for the connections on its list. The busier it is, the more events share a
// write.

// takeBytes bounds the bytes of one flush, so that a client with a full outbox does not keep the shard from the others.
// A single larger message is written at once.
const takeBytes = 64 << 10

// shard is a part of the connections, and the goroutine that writes to them and watches their deadlines.
type shard struct {
	server *Server
	loop   *netpoll.Loop
	clock  atomic.Int64 // Server.now at the last tick, which is the time stamp of reads and writes
	wakeup chan struct{}
	done   chan struct{}

	bytesIn, bytesOut, framesIn, framesOut atomic.Uint64
	writtenSlowly                          atomic.Uint64

	readyMu sync.Mutex // guards ready; a leaf
	ready   []*conn

	membersMu sync.Mutex // guards members; a leaf
	members   []*conn

	// Owned by run.
	flushing []*conn
	frames   [][]byte
	buffer   []byte // to join small frames
	batch    *netpoll.Batch
	batched  []pendingFlush // of the connections in batch
}

// pendingFlush is a connection that is being written to.
type pendingFlush struct {
	conn *conn
	seen uint32 // value of conn.wakes
	out  output
}

func newShard(s *Server) *shard {
	return &shard{
		server: s,
		loop: netpoll.NewLoop(netpoll.Options{
			Portable:     s.options.Portable,
			WriteTimeout: func() time.Duration { return s.limits().Write },
			Now:          func() int64 { return int64(s.now()) },
			Log:          s.log,
		}),
		wakeup: make(chan struct{}, 1),
		done:   make(chan struct{}),
		buffer: make([]byte, 0, takeBytes),
	}
}

// run is the shard's goroutine.
func (sh *shard) run() {
	every := sh.server.limits().tick()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	defer sh.batch.Close()
	for {
		select {
		case <-sh.wakeup:
			sh.flushReady()
		case <-ticker.C:
			sh.tick()
			if now := sh.server.limits().tick(); now != every {
				every = now
				ticker.Reset(every)
			}
		case <-sh.done:
			return
		}
	}
}

// Wake implements [outbox.Waker]: there is something to write.
func (c *conn) Wake() {
	if c.wakes.Add(1) == 1 {
		c.shard.push(c)
	}
}

// WriteWanted implements [netpoll.EventHandler]: the socket has something to write.
func (c *conn) WriteWanted() { c.Wake() }

// Writable implements [netpoll.EventHandler]: unsent can be written. wakes is not 0 as long as there is unsent.
func (c *conn) Writable() { c.shard.push(c) }

// push puts a connection on the ready list. Only the caller that raised wakes from 0, or the writer, may call it.
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
	sh.flushBatch()
	clear(sh.flushing)
}

// flush writes what is queued for a connection, in a batch with others if that is possible.
func (sh *shard) flush(c *conn) {
	f := pendingFlush{conn: c, seen: c.wakes.Load()}
	f.out = c.collect(sh.frames[:0])
	sh.frames = f.out.frames
	defer clear(sh.frames) // do not keep them alive
	if !sh.batch.Add(c.socket, f.out.frames) {
		f.done(c.socket.Write(f.out.frames, sh.buffer))
		return
	}
	f.out.frames = nil // they are the room of the next connection's
	sh.batched = append(sh.batched, f)
	if sh.batch.Full() {
		sh.flushBatch()
	}
}

func (sh *shard) flushBatch() {
	if len(sh.batched) == 0 {
		return
	}
	sh.batch.Flush(func(i int, rest [][]byte, err error) { sh.batched[i].done(rest, err) })
	clear(sh.batched)
	sh.batched = sh.batched[:0]
}

// done continues with the result of a write.
func (f *pendingFlush) done(rest [][]byte, err error) {
	switch {
	case err != nil:
		f.conn.drop(writeFailure(err))
	case rest != nil:
		unsent := f.out
		unsent.frames = rest
		f.conn.unsent = &unsent
		f.conn.shard.writtenSlowly.Add(1)
	default:
		f.conn.flushed(f.seen, f.out)
	}
}

// flushed resets wakes, unless there is more to write or the connection has ended.
func (c *conn) flushed(seen uint32, out output) {
	switch {
	case out.last:
		c.closeWritten()
	case out.more || !c.wakes.CompareAndSwap(seen, 0):
		c.shard.push(c)
	}
}

func writeFailure(err error) outbox.CloseReason {
	var timeout net.Error
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return outbox.CloseSlow
	}
	return outbox.CloseLost
}

// Wrote implements [netpoll.EventHandler].
func (c *conn) Wrote(n int) {
	if n == 0 {
		return
	}
	c.lastWrite.Store(c.shard.clock.Load())
	c.shard.bytesOut.Add(uint64(n))
}
