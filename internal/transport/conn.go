package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tidings-io/tidings/internal/router"
)

// conn is one connection, WebSocket or RawSocket. At rest it is this struct and one parked goroutine.
//
//	serving -> closing -> shut
//
// It is closing from the decision to close (begin) until the closing handshake is done or its time is
// up, and shut when the socket is closed. The reader ends last and takes the connection off the books.
type conn struct {
	// Static once it is served.
	server   *Server
	shard    *shard
	nc       net.Conn
	raw      syscall.RawConn // nil where the bytes are not those of the descriptor: TLS
	talk     Conversation
	protocol Protocol
	wire     wire
	rules    frameRules
	opened   int64

	// Owned by the reader, see reader.go.
	in     reading // nil at rest
	pull   func(fd uintptr) bool
	pulled int
	failed error
	over   bool // the conversation takes no more messages
	gone   bool // and was told that the connection is closing

	// turn is who may write: 0 nobody wants to; else somebody does, and it counts how often that was
	// said since. See shard.go.
	turn atomic.Uint32

	// What the shard's ticker looks at, see ticker.go. Times are nanoseconds of Server.now.
	heard     atomic.Int64 // the last bytes from the client
	said      atomic.Int64 // the last bytes to the client
	pinged    atomic.Int64 // the last ping
	partial   atomic.Int64 // since when a message is incomplete; 0: none is
	closeBy   atomic.Int64 // when the closing handshake is given up; 0: not closing
	joined    bool         // the ticker's note of Conversation.Joined
	ponged    atomic.Bool  // it has answered a ping
	receiving atomic.Bool  // the reader is with the conversation, not with the socket

	control atomic.Bool // one of pongs, ping and closing is there to be written
	life    lifetime
	place   int // in the shard's members; guarded by its membersMu

	mu      sync.Mutex // guards what follows
	pongs   []byte     // answers to pings, one after another; nil: none
	ping    bool
	closing *closing // nil: serving
	shut    bool
	onShut  chan struct{} // made by who waits
}

// agreed is what a handshake has settled about a connection.
type agreed struct {
	protocol     Protocol
	wire         wire
	rules        frameRules
	text, binary router.Framing
	peer         router.Peer
}

func newConn(s *Server, a *agreed) *conn {
	c := &conn{
		server:   s,
		shard:    s.shards[int(s.next.Add(1))%len(s.shards)],
		protocol: a.protocol,
		wire:     a.wire,
		rules:    a.rules,
		opened:   int64(s.now()),
	}
	c.heard.Store(c.opened)
	c.said.Store(c.opened)
	c.turn.Store(1) // the handshake writes first
	return c
}

// converse begins the conversation, so that what it has to say first goes out with the handshake.
func (c *conn) converse(ctx context.Context, a *agreed) *refusal {
	talk, err := c.server.speaker.Converse(Opening{
		Protocol: a.protocol,
		Peer:     a.peer,
		Text:     a.text,
		Binary:   a.binary,
		Wake:     c.wake,
	})
	if err != nil {
		return refuse(http.StatusServiceUnavailable, RefusedOpening, err.Error())
	}
	c.talk = talk
	if err := talk.Open(ctx); err != nil {
		_, ending := talk.Take(nil, takeBytes)
		talk.Gone(router.CloseLost)
		return refuseOpening(ending, err)
	}
	return nil
}

func refuseOpening(ending *router.Ending, err error) *refusal {
	status, detail := http.StatusServiceUnavailable, err.Error()
	if ending != nil && ending.Text != "" {
		detail = ending.Text
	}
	if ending != nil && ending.Reason == router.CloseAuthFailed {
		status = http.StatusUnauthorized
	}
	return refuse(status, RefusedOpening, detail)
}

// serve takes over the socket: it sends the answer to the handshake together with what the
// conversation says first, in one write, and leaves the rest to the reader and the shard. It runs in
// the goroutine of the handshake, which then ends: the reader gets a fresh one, with a small stack.
// early is what the client sent before it saw the answer.
func (c *conn) serve(nc net.Conn, early []byte, response []byte) {
	c.nc, c.raw = nc, rawConn(nc)
	c.pull = c.pullFrom
	c.shard.add(c)
	if c.server.cutting.Load() {
		c.drop(router.CloseShutdown)
	}
	if len(early) > 0 {
		c.in = c.wire.borrow(c.rules)
		c.heardFrom(copy(c.in.space(), early))
	}
	head := len(response)
	out := c.collect(nil)
	for _, frame := range out.frames {
		response = append(response, frame...)
	}
	err := c.writeWithin(c.server.limits.Write, response)
	if err != nil {
		c.drop(writeFailure(err))
	} else {
		c.wrote(len(response) - head)
		c.shard.framesOut.Add(uint64(len(out.frames)))
		c.settle(1, out)
	}
	go c.read()
}

// rawConn gives the descriptor of connections whose bytes are just the descriptor's.
func rawConn(nc net.Conn) syscall.RawConn {
	var sc syscall.Conn
	switch plain := nc.(type) {
	case *net.TCPConn:
		sc = plain
	case *net.UnixConn:
		sc = plain
	default:
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// close closes the socket. What the kernel has taken is still sent.
func (c *conn) close() {
	if c.markShut() {
		c.nc.Close()
	}
}

// cut closes the socket below TLS, whose goodbye would wait for a peer that does not read.
func (c *conn) cut() {
	if !c.markShut() {
		return
	}
	nc := c.nc
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	nc.Close()
}

func (c *conn) markShut() (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return false
	}
	c.shut = true
	if c.onShut != nil {
		close(c.onShut)
	}
	c.life.end()
	return true
}

// awaitShut waits until the writer or the ticker has closed the socket.
func (c *conn) awaitShut() {
	c.mu.Lock()
	if c.shut {
		c.mu.Unlock()
		return
	}
	done := make(chan struct{})
	c.onShut = done
	c.mu.Unlock()
	<-done
}

// retire takes the connection off the books. It is the last thing that its reader does.
func (c *conn) retire() {
	c.cut() // nothing comes from the client any more, so that it needs no goodbye of TLS
	c.mu.Lock()
	if c.closing == nil {
		c.closing = &closing{reason: router.CloseLost, code: statusNone}
	}
	end := *c.closing
	c.mu.Unlock()
	c.talk.Gone(end.reason)
	if c.in != nil && c.in.rests() {
		c.in.giveBack()
	}
	c.in = nil
	c.shard.remove(c)
	c.server.closes.count(end.reason, end.code)
	c.server.release()
}

// writeWithin writes in the ordinary way. Only who has the turn calls it.
func (c *conn) writeWithin(limit time.Duration, b []byte) error {
	if err := c.nc.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := c.nc.Write(b); err != nil {
		return err
	}
	return c.nc.SetWriteDeadline(time.Time{})
}
