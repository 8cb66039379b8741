package transport

import (
	"context"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// Handler handles connections. The default one speaks WAMP with a router. Tests of the WebSocket layer alone use an
// echo.
type Handler interface {
	// Protocols returns the subprotocols. A protocol without a name is for clients that ask for none.
	Protocols() []Protocol
	// Accept begins a conversation. Nothing has been sent to the client yet. An error refuses the connection.
	Accept(info ConnInfo) (Conversation, error)
	// Shutdown ends all conversations, spread as drain says, and returns when they have ended, or ctx has.
	Shutdown(ctx context.Context, drain meter.Drain) error
}

// Protocol is a WebSocket subprotocol, or the same over another transport, with the peculiarities of its clients.
type Protocol struct {
	Name   string // as in Sec-WebSocket-Protocol
	Frames frame.Types
	Pongs  PongPolicy
	Ends   ClosePolicy
	// Channels says that the messages of several clients come over one connection, with lines between them. Over a
	// transport without boundaries of messages that needs a batched protocol.
	Channels bool
}

// PongPolicy says what a missing answer to a ping means.
type PongPolicy uint8

const (
	// PongsRequired means that a client which does not answer is gone.
	PongsRequired PongPolicy = iota
	// PongsOnceSeen is for protocols some of whose clients never read, never answer, and work. Only a client that has
	// answered before has to answer again.
	PongsOnceSeen
	// PongsNever means that clients are not pinged. The keep-alive of the kernel finds the clients that are gone.
	PongsNever
)

// ClosePolicy says how a connection is closed that the client should open again.
type ClosePolicy uint8

const (
	// EndsWithCode sends a close frame whose code says so (1001, 1013).
	EndsWithCode ClosePolicy = iota
	// EndsSilently sends no close frame. WAMP 1 clients in browsers reconnect only after a loss, and not after a close
	// frame.
	EndsSilently
	// EndsPlainly is for transports without close frames. What was queued is written, and the client sees the end of
	// the connection.
	EndsPlainly
)

// ConnInfo describes a new connection to a [Handler].
type ConnInfo struct {
	Protocol Protocol
	Peer     peer.Peer
	Text     outbox.Framing // makes text frames
	Binary   outbox.Framing // makes binary frames
	Waker    outbox.Waker   // to be woken when Take has something after it had nothing
	server   *Server        // whose places for connections further clients take
}

// Message is one complete message of a client.
type Message struct {
	Data   []byte // valid until Receive returns
	Binary bool
}

// Conversation is the exchange of messages over one connection. The reader calls Open, Receive, Flush, Throttle,
// Refuse and Closed, one at a time. Other goroutines call the rest concurrently.
type Conversation interface {
	// Open is called once, before anything else. An error refuses the connection.
	Open(ctx context.Context) error
	// Receive handles a message. After an error the conversation is over: it receives nothing more, and Take returns
	// the reason. Receive may hold back the effects of a message until Flush, which follows when no further message is
	// at hand.
	Receive(ctx context.Context, message Message) error
	Flush()
	// Throttle blocks until the client may send as many frames that bring no message: pings, pongs, and small fragments.
	// They count like messages, which Receive throttles.
	Throttle(ctx context.Context, frames int) error
	// Refuse ends the conversation because of a message that is longer than info.Text says. A transport without close
	// frames calls it, so that the last message of the conversation tells the client why.
	Refuse(info outbox.CloseInfo)
	// Established reports whether the client has joined. Limits.Hello is the time for that.
	Established() bool
	// Closed says that the connection is closing or lost.
	Closed(reason outbox.CloseReason)
	// Take and Len are those of [outbox.Outbox]; the framings of ConnInfo make the frames.
	Take(dst [][]byte, maxBytes int) outbox.Taken
	Len() (frames, bytes int)
}
