// Package httplimit bounds the connections of an [http.Server]: how many are open, and how long a client may take to
// accept a response. net/http bounds neither. Without a bound a client that never reads holds its connection, the
// handler and the memory of the kernel for as long as it likes.
//
// The package never looks into a request, and limits only the time without progress: a client that reads slowly gets
// its whole response. A connection that a handler hijacks is no longer limited.
//
//	limiter.go   Limiter: places for connections, and which of them gives its place to a new one
//	conn.go      conn: one connection, whose writes have deadlines
//	queue.go     queue: connections in the order in which they began to wait
package httplimit

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound the connections of a server.
type Limits struct {
	// Connections is how many connections are open at once.
	Connections int
	// Write is how long a client may take to accept the next 64 KiB of a response. It loses its connection after steps
	// of that.
	Write time.Duration
	// Unacknowledged returns how many bytes were written to a connection that the client's system has not acknowledged.
	// nil: bytes that are accepted for writing are the only progress that is seen.
	Unacknowledged func(net.Conn) int
	// OnRefused is called for each connection that is refused. It must be quick. nil: nothing is.
	OnRefused func(net.Conn)
}

func (l *Limits) unacknowledged(nc net.Conn) int {
	if l.Unacknowledged == nil {
		return 0
	}
	return l.Unacknowledged(nc)
}

// firstRequest bounds the time that a connection without its first request keeps its place when places are short.
const firstRequest = 2 * time.Second

// Limiter limits the connections of a server. If all places are taken, a new connection gets the place of the
// connection that has waited longest for another request, or else for its first one. If no connection waits, the new
// one is refused. Safe for concurrent use.
type Limiter struct {
	limits atomic.Pointer[Limits]

	refused, evicted, slow atomic.Uint64

	mu    sync.Mutex // guards what follows; a leaf
	open  int
	fresh queue // connections without a request yet
	idle  queue // connections between two requests
}

// New returns a limiter.
func New(limits Limits) *Limiter {
	l := new(Limiter)
	l.Change(limits)
	return l
}

// Change replaces the limits. Connections that are open stay.
func (l *Limiter) Change(limits Limits) { l.limits.Store(&limits) }

// Limits returns the current limits.
func (l *Limiter) Limits() Limits { return *l.limits.Load() }

// Stats is the state of a limiter at one moment. Counters grow from its start.
type Stats struct {
	Open    int
	Refused uint64 // new connections, because no connection waited
	Evicted uint64 // connections that waited for a request, and gave their place to a new one
	Slow    uint64 // connections whose client did not accept a response in time
}

// Stats returns the current counts.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	return Stats{Open: open, Refused: l.refused.Load(), Evicted: l.evicted.Load(), Slow: l.slow.Load()}
}

// Busy returns the number of connections whose request, or first request, is not answered yet.
func (l *Limiter) Busy() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	busy := l.open
	for c := l.idle.first; c != nil; c = c.next {
		busy--
	}
	return busy
}

const full = `{"title":"Service Unavailable","status":503,"detail":"the server has all the HTTP connections that it may have ` +
	`(limits.http_connections): try again later","reason":"full"}` + "\r\n"

// Full is the response to a refused connection without TLS. A page of every origin may read it.
var Full = []byte("HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n" +
	"Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Retry-After\r\n" +
	"Retry-After: 5\r\nConnection: close\r\nContent-Length: " + strconv.Itoa(len(full)) + "\r\n\r\n" + full)

// Listener returns a listener whose connections are limited. refusal is sent to a connection that is refused. It is nil
// if the connections speak TLS, which has no room for a response.
func (l *Limiter) Listener(inner net.Listener, refusal []byte) net.Listener {
	return &listener{Listener: inner, limiter: l, refusal: refusal}
}

type listener struct {
	net.Listener
	limiter *Limiter
	refusal []byte
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.limiter.admit(nc); c != nil {
			return c, nil
		}
		if l.refusal != nil { // a socket that nothing was written to has room for it
			nc.Write(l.refusal) //nolint:errcheck // it is closed next, whatever comes of it
		}
		nc.Close()
	}
}

// admit gives a connection a place. It returns nil if there is none.
func (l *Limiter) admit(nc net.Conn) *conn {
	c := &conn{Conn: nc, limiter: l, since: time.Now()}
	l.mu.Lock()
	var evicted *conn
	if l.open >= l.limits.Load().Connections {
		if evicted = l.waitingLocked(c.since); evicted == nil {
			l.mu.Unlock()
			l.refused.Add(1)
			if told := l.limits.Load().OnRefused; told != nil {
				told(nc)
			}
			return nil
		}
		l.releaseLocked(evicted)
	}
	l.open++
	l.fresh.push(c)
	l.mu.Unlock()
	if evicted != nil {
		l.evicted.Add(1)
		evicted.Conn.Close() // its server sees the end when it reads
	}
	return c
}

// waitingLocked returns the connection that should give its place to a new one, or nil. Caller must hold mu.
func (l *Limiter) waitingLocked(now time.Time) *conn {
	if c := l.idle.first; c != nil {
		return c
	}
	if c := l.fresh.first; c != nil && now.Sub(c.since) >= firstRequest {
		return c
	}
	return nil
}

// releaseLocked gives back the place of a connection. Only the first call has an effect. Caller must hold mu.
func (l *Limiter) releaseLocked(c *conn) {
	if !c.released {
		c.released = true
		c.leaveQueue()
		l.open--
	}
}

func (l *Limiter) release(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releaseLocked(c)
}

// Watch makes the limiter follow the states of a server's connections. It must be called before the server serves.
func (l *Limiter) Watch(server *http.Server) { server.ConnState = l.changed }

func (l *Limiter) changed(nc net.Conn, state http.ConnState) {
	c := connOf(nc)
	if c == nil {
		return
	}
	if state == http.StateHijacked {
		c.hijacked.Store(true)
		l.release(c)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.released:
	case state == http.StateIdle:
		c.leaveQueue()
		l.idle.push(c)
	case state == http.StateActive:
		c.leaveQueue()
	}
}
