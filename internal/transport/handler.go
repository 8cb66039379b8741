package transport

import (
	"context"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// Handler is what connections are for. WAMP is one; an echo is another one for tests of the
// WebSocket layer alone.
type Handler interface {
	// Protocols lists the subprotocols. The one without a name, if any, is for clients that ask for none.
	Protocols() []Protocol
	// Accept begins a conversation. Nothing has been sent to the client yet.
	Accept(info ConnInfo) (Conversation, error)
	// Shutdown ends all conversations and returns when they have ended, or ctx has.
	Shutdown(ctx context.Context) error
}

// Protocol is a WebSocket subprotocol, or the same over another transport, and what is particular about its clients.
type Protocol struct {
	Name   string // as in Sec-WebSocket-Protocol
	Frames frame.Types
	Pongs  PongPolicy
	Ends   ClosePolicy
}

// PongPolicy says what a missing answer to a ping means.
type PongPolicy uint8

const (
	// PongsRequired: a client that does not answer is gone.
	PongsRequired PongPolicy = iota
	// PongsOnceSeen: some clients of this protocol never read, so never answer, and are well. Only a
	// client that has answered before is held to it.
	PongsOnceSeen
	// PongsNever: clients are not pinged; the kernel finds out about those that are gone.
	PongsNever
)

// ClosePolicy says how a connection ends that the client had better open again.
type ClosePolicy uint8

const (
	// EndsWithCode: with a close frame whose code says so (1001, 1013).
	EndsWithCode ClosePolicy = iota
	// EndsSilently: without a close frame. The clients of WAMP 1 in browsers take any close frame for
	// the end and only reconnect after a loss.
	EndsSilently
	// EndsPlainly: the transport has no close frame. What was queued is written, and the client sees
	// the end of the connection.
	EndsPlainly
)

// ConnInfo is what a [Handler] is told about a new connection.
type ConnInfo struct {
	Protocol Protocol
	Peer     router.Peer
	Text     router.Framing // makes text frames
	Binary   router.Framing // makes binary frames
	Waker    router.Waker   // to be told when Take has something after it had nothing
}

// Message is one complete message of a client.
type Message struct {
	Data   []byte // valid until Receive returns
	Binary bool
}

// Conversation is what is said over one connection. Open, Receive and Gone are called by one goroutine
// at a time; the others by others.
type Conversation interface {
	// Open is called once, before anything else. An error refuses the connection.
	Open(ctx context.Context) error
	// Receive takes a message. An error means that the conversation is over: nothing more is
	// received, and Take tells how it ended. What the message causes may be held back until Flush,
	// which is called when no further message is at hand.
	Receive(ctx context.Context, message Message) error
	Flush()
	// Established reports whether the client is past its info, which has a deadline.
	Established() bool
	// Closed says that the connection is lost.
	Closed(reason router.CloseReason)
	// Take and Len are those of [router.Outbox]; the frames are made by the info's framings.
	Take(dst [][]byte, maxBytes int) router.Taken
	Len() (frames, bytes int)
}
