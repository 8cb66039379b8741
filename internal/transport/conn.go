package transport

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/netpoll"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// conn is one connection, WebSocket or RawSocket. At rest it is this struct, its socket and its conversation.
//
//	serving -> closing -> shut
//
// It is closing from the decision to close (begin) until the closing handshake is done or its time is over, and shut
// when the socket is closed. The reader ends last and removes the connection from the server.
//
// One goroutine at a time writes, and one at a time reads: see shard.go and read.go.
type conn struct {
	// Static once it is served. It begins with what each event touches, in one or two cache lines.
	server *Server
	shard  *shard
	socket netpoll.Socket
	conv   Conversation

	// wakes counts requests to write, see shard.go. 0: no goroutine has to write.
	wakes     atomic.Uint32
	control   atomic.Bool  // one of pongs, ping and closing waits to be written
	unsent    *output      // what a slow client has not accepted yet; owned by the writer
	lastWrite atomic.Int64 // when bytes were last sent to the client, see below

	// Static once it is served.
	protocol Protocol
	codec    frame.Codec
	openedAt int64

	// Owned by the reader, see read.go.
	rules      frame.Rules
	in         frame.Reader // nil at rest
	reader     readerState
	early      bool // in has bytes that arrived with the handshake
	over       bool // the conversation accepts no more messages
	toldClosed bool // the conversation was told that the connection is closing
	joined     bool // the reader's copy of Conversation.Established

	// What the shard's ticker looks at, see deadlines.go. Times are nanoseconds of Server.now.
	lastRead      atomic.Int64 // when bytes last came from the client
	lastPing      atomic.Int64
	partialSince  atomic.Int64 // since when a message is incomplete; 0: none is
	closeDeadline atomic.Int64 // when the closing handshake is given up; 0: not closing
	established   bool         // the ticker's copy of Conversation.Established
	ponged        atomic.Bool  // the client has answered a ping
	receiving     atomic.Bool  // the reader is in the conversation, not in the socket

	ctx   connContext
	place int // in the shard's members; guarded by its membersMu

	mu      sync.Mutex // guards what follows
	pongs   []byte     // answers to pings, one after another; nil: none
	closing *closing   // nil: serving
	ping    bool
	shut    bool
}

// agreed is the result of a handshake.
type agreed struct {
	protocol     Protocol
	codec        frame.Codec
	rules        frame.Rules
	text, binary outbox.Framing
	peer         peer.Peer
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
	c.rules.MaxMessage = min(s.limits().Handshake, c.rules.MaxMessage) // until checkJoined
	c.lastRead.Store(c.openedAt)
	c.lastWrite.Store(c.openedAt)
	c.wakes.Store(1) // the handshake writes first
	return c
}

// openConversation begins the conversation, so that its first messages are sent with the handshake.
func (c *conn) openConversation(ctx context.Context, a *agreed) *refusal {
	a.peer.Connection = c.server.numbers.Add(1)
	conv, err := c.server.handler.Accept(ConnInfo{
		Protocol: a.protocol,
		Peer:     a.peer,
		Text:     a.text,
		Binary:   a.binary,
		Waker:    c,
		server:   c.server,
	})
	if err != nil {
		return refuse(http.StatusServiceUnavailable, RefusedOpening, err.Error())
	}
	c.conv = conv
	if err := conv.Open(ctx); err != nil {
		ending := conv.Take(nil, takeBytes).Closed
		conv.Closed(outbox.CloseLost)
		return refuseOpening(ending, err)
	}
	return nil
}

func refuseOpening(ending *outbox.CloseInfo, err error) *refusal {
	status, detail := http.StatusServiceUnavailable, err.Error()
	if ending != nil && ending.Text != "" {
		detail = ending.Text
	}
	if ending != nil && ending.Reason == outbox.CloseAuthFailed {
		status = http.StatusUnauthorized
	}
	return refuse(status, RefusedOpening, detail)
}

// serve starts the connection. It sends the response of the handshake and the first messages of the conversation with
// one write, and leaves the rest to the socket and the shard. It runs in the goroutine of the handshake, which ends
// then. early are the bytes that the client sent before it saw the response.
func (c *conn) serve(early, response []byte) {
	if len(early) > 0 {
		c.in = c.codec.NewReader(c.rules)
		c.received(copy(c.in.Space(), early))
		c.early = true
	}
	c.shard.add(c)
	if c.server.closingAll.Load() {
		c.drop(outbox.CloseShutdown)
	}
	c.shard.bytesOut.Add(-uint64(len(response))) // Wrote counts the response, too, and only messages should count
	f := pendingFlush{conn: c, seen: 1, out: c.collect(nil)}
	for _, piece := range f.out.frames {
		response = append(response, piece...)
	}
	f.done(c.socket.Write([][]byte{response}, nil))
	if err := c.socket.Start(); err != nil {
		c.server.log.Error("a connection was closed, because its socket cannot be watched", "error", err)
		c.cut()
	}
	if len(early) > 0 {
		c.socket.Wake()
	}
}

// isShut reports whether the socket is closed.
func (c *conn) isShut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shut
}

// close closes the socket. The kernel still sends what it has.
func (c *conn) close() { c.shutDown(netpoll.CloseGraceful) }

// cut closes the socket without the close_notify of TLS, which a client that does not read would block.
func (c *conn) cut() { c.shutDown(netpoll.CloseHard) }

func (c *conn) shutDown(mode netpoll.CloseMode) {
	if c.markShut() {
		c.socket.Close(mode)
		c.socket.Wake() // the reader ends the connection
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

// Closed implements [netpoll.EventHandler]: it removes the connection from the server.
func (c *conn) Closed() {
	c.cut() // the client sends nothing more and needs no close_notify
	c.mu.Lock()
	if c.closing == nil {
		c.closing = &closing{reason: outbox.CloseLost, code: frame.CodeLost}
	}
	end := *c.closing
	c.mu.Unlock()
	c.server.closes.count(end.reason, end.code)
	c.conv.Closed(end.reason)
	if c.in != nil && c.in.Idle() {
		c.in.Put()
	}
	c.in = nil
	c.shard.remove(c)
	c.server.release()
}

// Interface guards.
var (
	_ netpoll.EventHandler = (*conn)(nil)
	_ outbox.Waker         = (*conn)(nil)
)
