package netpoll

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a [Loop].
type Options struct {
	// Portable selects blocking sockets, net/http for every upgrade, and no system call but those of package net. It is
	// what systems without epoll have, and the way back where epoll, raw system calls or io_uring misbehave.
	Portable bool
	// WriteTimeout is how long a blocking socket may take to write 64 KiB. Other sockets have BlockedSince instead.
	WriteTimeout time.Duration
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
	if !l.options.Portable {
		if s := l.attach(nc, h); s != nil {
			return s
		}
	}
	return newBlockingSocket(l, nc, h)
}

// takeoverWriter is an [http.ResponseWriter] whose connection net/http does not know.
type takeoverWriter interface {
	takeOver(l *Loop, h EventHandler) (s Socket, early []byte, err error)
}

// Hijack makes a socket of the connection of an HTTP request. It also returns the bytes that the client has sent behind
// the request.
func (l *Loop) Hijack(w http.ResponseWriter, h EventHandler) (s Socket, early []byte, err error) {
	if own, ok := w.(takeoverWriter); ok {
		return own.takeOver(l, h)
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take the connection over: %w", err)
	}
	early, _ = buffered.Peek(buffered.Reader.Buffered()) // cannot fail: these bytes are in the buffer
	return l.Attach(nc, h), early, nil
}

// SystemCalls returns how many system calls have read and written. Those of blocking sockets are not counted.
func (l *Loop) SystemCalls() (reads, writes uint64) { return l.reads.Load(), l.writes.Load() }

// Stop ends the goroutines of the loop and waits for them. All sockets must be Done. Connections that were accepted
// and not read yet are closed.
func (l *Loop) Stop() {
	l.events.stop()
	l.writers.Wait()
}

// Upgrades say which requests [ListenUpgrades] takes, and what serves them.
type Upgrades struct {
	Path    string
	Accepts func(*http.Request) bool // reports whether net/http would pass the request to Handler, too
	Handler http.Handler             // takes the connection over with Loop.Hijack, or writes a refusal
}
