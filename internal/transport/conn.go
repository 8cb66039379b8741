package transport

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// conn is one connection, WebSocket or RawSocket. At rest it is this struct and one parked goroutine.
//
//	serving -> closing -> shut
//
// It is closing from the decision to close (begin) until the closing handshake is done or its time is
// up, and shut when the socket is closed. The reader ends last and takes the connection off the books.
type conn struct {
	// Static once it is served. It begins with what each event touches, in one cache line or two.
	server *Server
	shard  *shard
	socket socket
	conv   Conversation

	// wakes is who may write: 0 nobody wants to; else somebody does, and it counts how often that was
	// said since. See shard.go.
	wakes     atomic.Uint32
	control   atomic.Bool  // one of pongs, ping and closing is there to be written
	unsent    *output      // what a slow client has not taken yet; owned by who has the turn
	lastWrite atomic.Int64 // the last bytes to the client, see below

	// Static once it is served.
	protocol Protocol
	codec    frame.Codec
	rules    frame.Rules
	openedAt int64

	// Owned by the reader, see reader.go.
	in         frame.Reader // nil at rest
	reader     readerState
	early      bool // there is something in it that came with the handshake
	over       bool // the conversation takes no more messages
	toldClosed bool // and was told that the connection is closing

	// What the shard's ticker looks at, see ticker.go. Times are nanoseconds of Server.now.
	lastRead      atomic.Int64 // the last bytes from the client
	lastPing      atomic.Int64 // the last ping
	partialSince  atomic.Int64 // since when a message is incomplete; 0: none is
	closeDeadline atomic.Int64 // when the closing handshake is given up; 0: not closing
	established   bool         // the ticker's note of Conversation.Joined
	ponged        atomic.Bool  // it has answered a ping
	receiving     atomic.Bool  // the reader is with the conversation, not with the socket

	ctx   connContext
	place int // in the shard's members; guarded by its membersMu

	mu      sync.Mutex // guards what follows
	pongs   []byte     // answers to pings, one after another; nil: none
	closing *closing   // nil: serving
	ping    bool
	shut    bool
}

// agreed is what a handshake has settled about a connection.
type agreed struct {
	protocol     Protocol
	codec        frame.Codec
	rules        frame.Rules
	text, binary router.Framing
	peer         router.Peer
}

func newConn(s *Server, a *agreed) *conn {
	c := &conn{
		server:   s,
		shard:    s.shards[s.next.Add(1)%uint32(len(s.shards))],
		protocol: a.protocol,
		codec:    a.codec,
		rules:    a.rules,
		openedAt: int64(s.now()),
	}
	c.lastRead.Store(c.openedAt)
	c.lastWrite.Store(c.openedAt)
	c.wakes.Store(1) // the handshake writes first
	return c
}

// openConversation begins the conversation, so that what it has to say first goes out with the handshake.
func (c *conn) openConversation(ctx context.Context, a *agreed) *refusal {
	conv, err := c.server.handler.Accept(ConnInfo{
		Protocol: a.protocol,
		Peer:     a.peer,
		Text:     a.text,
		Binary:   a.binary,
		Waker:    c,
	})
	if err != nil {
		return refuse(http.StatusServiceUnavailable, RefusedOpening, err.Error())
	}
	c.conv = conv
	if err := conv.Open(ctx); err != nil {
		ending := conv.Take(nil, takeBytes).Closed
		conv.Closed(router.CloseLost)
		return refuseOpening(ending, err)
	}
	return nil
}

func refuseOpening(ending *router.CloseInfo, err error) *refusal {
	status, detail := http.StatusServiceUnavailable, err.Error()
	if ending != nil && ending.Text != "" {
		detail = ending.Text
	}
	if ending != nil && ending.Reason == router.CloseAuthFailed {
		status = http.StatusUnauthorized
	}
	return refuse(status, RefusedOpening, detail)
}

// takeoverWriter is an [http.ResponseWriter] of ours, whose connection net/http knows nothing of.
type takeoverWriter interface {
	takeOver(c *conn) (l socket, early []byte, err error)
}

// takeOver gives the connection its link, and what the client sent before it saw the answer.
func (c *conn) takeOver(w http.ResponseWriter) (early []byte, err error) {
	if own, ok := w.(takeoverWriter); ok {
		c.socket, early, err = own.takeOver(c)
		return early, err
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	c.socket = c.newSocket(nc)
	early, _ = buffered.Peek(buffered.Reader.Buffered()) // a buffer gives what it has
	return early, nil
}

// serve begins: it sends the answer to the handshake together with what the
// conversation says first, in one write, and leaves the rest to the link and the shard. It runs in
// the goroutine of the handshake, which then ends. early is what the client sent before it saw the
// answer.
func (c *conn) serve(early, response []byte) {
	if len(early) > 0 {
		c.in = c.codec.NewReader(c.rules)
		c.received(copy(c.in.Space(), early))
		c.early = true
	}
	c.shard.add(c)
	if c.server.closingAll.Load() {
		c.drop(router.CloseShutdown)
	}
	head := len(response)
	out := c.collect(nil)
	for _, frame := range out.frames {
		response = append(response, frame...)
	}
	done, err := c.socket.writeFirst(response)
	switch {
	case err != nil:
		c.drop(writeFailure(err))
	case done:
		c.wrote(len(response) - head)
		c.flushed(1, out)
	}
	if c.socket.start(); len(early) > 0 {
		c.socket.wake()
	}
}

// newSocket prefers one that costs nothing at rest.
func (c *conn) newSocket(nc net.Conn) socket {
	if polled := c.attach(nc); polled != nil {
		return polled
	}
	return newBlockingSocket(c, nc)
}

// isShut reports whether the socket is closed.
func (c *conn) isShut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shut
}

// close closes the socket. What the kernel has taken is still sent.
func (c *conn) close() { c.shutDown(closeGraceful) }

// cut closes the socket without a goodbye, which would wait for a peer that does not read.
func (c *conn) cut() { c.shutDown(closeHard) }

func (c *conn) shutDown(how closeMode) {
	if c.markShut() {
		c.socket.close(how)
		c.socket.wake() // its reader retires it
	}
}

func (c *conn) markShut() (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return false
	}
	c.shut = true
	c.ctx.end()
	return true
}

// retire takes the connection off the books. It is the last thing that its reader does.
func (c *conn) retire() {
	c.cut() // nothing comes from the client any more, so that it needs no goodbye of TLS
	c.mu.Lock()
	if c.closing == nil {
		c.closing = &closing{reason: router.CloseLost, code: frame.CodeLost}
	}
	end := *c.closing
	c.mu.Unlock()
	c.server.closes.count(end.reason, end.code)
	c.conv.Closed(end.reason)
	if c.in != nil && c.in.Idle() {
		c.in.Put()
	}
	c.in = nil
	c.socket.release()
	c.shard.remove(c)
	c.server.release()
}
