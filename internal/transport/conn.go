package transport

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router"
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
	link   link
	talk   Conversation

	// turn is who may write: 0 nobody wants to; else somebody does, and it counts how often that was
	// said since. See shard.go.
	turn    atomic.Uint32
	control atomic.Bool  // one of pongs, ping and closing is there to be written
	unsent  *output      // what a slow client has not taken yet; owned by who has the turn
	said    atomic.Int64 // the last bytes to the client, see below

	// Static once it is served.
	protocol Protocol
	wire     wire
	rules    frameRules
	opened   int64

	// Owned by the reader, see reader.go.
	in     reading // nil at rest
	reader readerState
	early  bool // there is something in it that came with the handshake
	over   bool // the conversation takes no more messages
	gone   bool // and was told that the connection is closing

	// What the shard's ticker looks at, see ticker.go. Times are nanoseconds of Server.now.
	heard     atomic.Int64 // the last bytes from the client
	pinged    atomic.Int64 // the last ping
	partial   atomic.Int64 // since when a message is incomplete; 0: none is
	closeBy   atomic.Int64 // when the closing handshake is given up; 0: not closing
	joined    bool         // the ticker's note of Conversation.Joined
	ponged    atomic.Bool  // it has answered a ping
	receiving atomic.Bool  // the reader is with the conversation, not with the socket

	life  lifetime
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
	wire         wire
	rules        frameRules
	text, binary router.Framing
	peer         router.Peer
}

func newConn(s *Server, a *agreed) *conn {
	c := &conn{
		server:   s,
		shard:    s.shards[s.next.Add(1)%uint32(len(s.shards))],
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
		Waker:    c,
	})
	if err != nil {
		return refuse(http.StatusServiceUnavailable, RefusedOpening, err.Error())
	}
	c.talk = talk
	if err := talk.Open(ctx); err != nil {
		ending := talk.Take(nil, takeBytes).Ending
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

// ownConnection is an [http.ResponseWriter] of ours, whose connection net/http knows nothing of.
type ownConnection interface {
	link(c *conn) (l link, early []byte, err error)
}

// takeOver gives the connection its link, and what the client sent before it saw the answer.
func (c *conn) takeOver(w http.ResponseWriter) (early []byte, err error) {
	if own, ok := w.(ownConnection); ok {
		c.link, early, err = own.link(c)
		return early, err
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	c.link = c.newLink(nc)
	early, _ = buffered.Peek(buffered.Reader.Buffered()) // a buffer gives what it has
	return early, nil
}

// serve begins: it sends the answer to the handshake together with what the
// conversation says first, in one write, and leaves the rest to the link and the shard. It runs in
// the goroutine of the handshake, which then ends. early is what the client sent before it saw the
// answer.
func (c *conn) serve(early, response []byte) {
	if len(early) > 0 {
		c.in = c.wire.borrow(c.rules)
		c.heardFrom(copy(c.in.space(), early))
		c.early = true
	}
	c.shard.add(c)
	if c.server.cutting.Load() {
		c.drop(router.CloseShutdown)
	}
	head := len(response)
	out := c.collect(nil)
	for _, frame := range out.frames {
		response = append(response, frame...)
	}
	done, err := c.link.greet(response)
	switch {
	case err != nil:
		c.drop(writeFailure(err))
	case done:
		c.wrote(len(response) - head)
		c.settle(1, out)
	}
	if c.link.start(); len(early) > 0 {
		c.link.rouse()
	}
}

// newLink prefers one that costs nothing at rest.
func (c *conn) newLink(nc net.Conn) link {
	if polled := c.poll(nc); polled != nil {
		return polled
	}
	return newParked(c, nc)
}

// isShut reports whether the socket is closed.
func (c *conn) isShut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shut
}

// close closes the socket. What the kernel has taken is still sent.
func (c *conn) close() { c.shutDown(closeGently) }

// cut closes the socket without a goodbye, which would wait for a peer that does not read.
func (c *conn) cut() { c.shutDown(closeHard) }

func (c *conn) shutDown(how farewell) {
	if c.markShut() {
		c.link.close(how)
		c.link.rouse() // its reader retires it
	}
}

func (c *conn) markShut() (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return false
	}
	c.shut = true
	c.life.end()
	return true
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
	c.server.closes.count(end.reason, end.code)
	c.talk.Gone(end.reason)
	if c.in != nil && c.in.rests() {
		c.in.giveBack()
	}
	c.in = nil
	c.link.free()
	c.shard.remove(c)
	c.server.release()
}
