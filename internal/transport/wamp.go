package transport

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
	"github.com/tidings-io/tidings/internal/wamp"
)

// batchedSuffix ends the names of the batched subprotocols.
const batchedSuffix = ".batched"

// jsonBatched is chosen only if the client offers nothing else that the server speaks. The text of WAMP writes the
// separator in a way that some clients read as another byte, and those clients offer other subprotocols, too.
const jsonBatched = "wamp.2.json" + batchedSuffix

// batchingOf returns how the messages of a protocol are batched.
func batchingOf(protocol Protocol) frame.Batching {
	switch {
	case !strings.HasSuffix(protocol.Name, batchedSuffix):
		return frame.Unbatched
	case protocol.Frames == frame.Text:
		return frame.Separated
	}
	return frame.Prefixed
}

// wampHandler speaks WAMP, both versions, with the router.
type wampHandler struct{ router *router.Router }

// Protocols returns a protocol for each encoding (WAMP, "WebSocket Transport"). Version 1 is older than the rule that a
// client names its subprotocol, so a client that names none speaks version 1 and gets none echoed.
func (wampHandler) Protocols() []Protocol {
	version1 := Protocol{Name: wamp.V1JSON.Subprotocol(), Frames: frame.Text, Pongs: PongsOnceSeen, Ends: EndsSilently}
	unnamed := version1
	unnamed.Name = ""
	protocols := []Protocol{version1, unnamed}
	for _, encoding := range []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack, wamp.V2CBOR, wamp.V2UBJSON} {
		frames := frame.Text
		if encoding.Binary() {
			frames = frame.Binary
		}
		protocols = append(protocols,
			Protocol{Name: encoding.Subprotocol(), Frames: frames},
			Protocol{Name: encoding.Subprotocol() + batchedSuffix, Frames: frames})
	}
	return append(protocols, channelProtocols(protocols)...)
}

// Accept attaches a client to the router.
func (s wampHandler) Accept(info ConnInfo) (Conversation, error) {
	name := strings.TrimPrefix(strings.TrimSuffix(info.Protocol.Name, batchedSuffix), channelsPrefix)
	if name == "" {
		name = wamp.V1JSON.Subprotocol()
	}
	encoding, ok := wamp.EncodingFor(name)
	if !ok {
		return nil, fmt.Errorf("there is no encoding %q", name)
	}
	framing := info.Text
	if encoding.Binary() {
		framing = info.Binary
	}
	batching := batchingOf(info.Protocol)
	if batching != frame.Unbatched {
		framing = frame.BatchFraming{Batching: batching, Inner: framing}
	}
	format := outbox.Format{Encoding: encoding, Framing: framing}
	if info.Protocol.Channels {
		return s.acceptChannels(info, format), nil
	}
	client := s.router.Attach(router.Attachment{Peer: info.Peer, Format: format, Waker: info.Waker})
	if batching == frame.Unbatched {
		return wampConversation{client}, nil
	}
	return batchedConversation{wampConversation{client}, batching}, nil
}

// Shutdown sends GOODBYE to every session.
func (s wampHandler) Shutdown(ctx context.Context, drain meter.Drain) error {
	if drain.Window > 0 {
		s.router.Drain(ctx, drain)
	}
	return s.router.Shutdown(ctx)
}

// wampConversation is a client of the router.
type wampConversation struct{ client *router.Client }

func (w wampConversation) Open(ctx context.Context) error { return w.client.Open(ctx) }

func (w wampConversation) Receive(ctx context.Context, message Message) error {
	return w.client.ReceiveBatched(ctx, message.Data)
}

func (w wampConversation) Flush() { w.client.Flush() }

func (w wampConversation) Throttle(ctx context.Context, frames int) error {
	return w.client.Throttle(ctx, frames)
}

func (w wampConversation) Refuse(info outbox.CloseInfo) {
	w.client.Refuse(wamp.Fail(wamp.ErrPayloadSizeExceeded, "%s", info.Text), info.Reason)
}

func (w wampConversation) Established() bool { return w.client.Established() }

func (w wampConversation) Closed(reason outbox.CloseReason) { w.client.Detach(reason) }

func (w wampConversation) Take(dst [][]byte, maxBytes int) outbox.Taken {
	return w.client.Outbox().Take(dst, maxBytes)
}

func (w wampConversation) Len() (frames, bytes int) { return w.client.Outbox().Len() }

// batchedConversation is a conversation with several messages in one WebSocket message.
type batchedConversation struct {
	wampConversation
	batching frame.Batching
}

// Receive implements [Conversation].
func (b batchedConversation) Receive(ctx context.Context, message Message) error {
	return b.batching.Split(message.Data, func(data []byte) error { return b.client.ReceiveBatched(ctx, data) })
}

// Interface guards.
var (
	_ outbox.Framing = frame.WebSocketFraming{}
	_ outbox.Framing = frame.RawSocketFraming{}
	_ outbox.Framing = frame.BatchFraming{}
	_ Handler        = wampHandler{}
	_ Conversation   = wampConversation{}
	_ Conversation   = batchedConversation{}
)
