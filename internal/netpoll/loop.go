package netpoll

import (
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a [Loop].
type Options struct {
	// Portable selects blocking sockets, net/http for every upgrade, and no system call but those of package net. It is
	// what systems without epoll have, and the way back where epoll, raw system calls or io_uring misbehave.
	Portable bool
	// WriteTimeout is how long the first write of a blocking socket may take. For all others the EventHandler watches
	// BlockedSince.
	WriteTimeout func() time.Duration
	// Now is the clock of BlockedSince, in nanoseconds.
	Now func() int64
	// Log gets the faults of the system.
	Log *slog.Logger
}

// Loop makes the sockets of a part of the connections, and runs their readers. Safe for concurrent use.
type Loop struct {
	options Options
	events  lazyEventLoop
	writers sync.WaitGroup // goroutines of blocking sockets that write

	reads, writes atomic.Uint64
}

// NewLoop returns a loop without sockets, which holds no resources yet.
func NewLoop(options Options) *Loop { return &Loop{options: options} }

// Attach makes a socket of a connection. The connection must not be used otherwise any more.
func (l *Loop) Attach(nc net.Conn, h EventHandler) Socket {
	nc = unobserved(nc)
	if !l.options.Portable {
		if s := l.attach(nc, h); s != nil {
			return s
		}
	}
	return newBlockingSocket(l, nc, h)
}

// SystemCalls returns how many system calls have read and written. Those of blocking sockets are not counted.
func (l *Loop) SystemCalls() (reads, writes uint64) { return l.reads.Load(), l.writes.Load() }

// Stop ends the goroutines of the loop and waits for them. All sockets must be Done. Connections that were accepted
// and not read yet are closed.
func (l *Loop) Stop() {
	l.events.stop()
	l.writers.Wait()
}
