package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport/frame"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Channels carry the conversations of several clients over one connection, as the tabs of a browser share one. Lines
// between the messages of WAMP say which channel a message belongs to. No message of WAMP begins with a digit or a '-'.
//
//	client to server   3            what follows is of channel 3; a number above all before it opens a channel
//	                   -3           channel 3 is closed
//	server to client   3,5          what follows is for the channels 3 and 5
//	                   -3 1001 text channel 3 is closed, with the code and the text of a close frame
//
// A message for a channel that is closed is dropped: it was on its way.

// channelsPrefix begins the names of the subprotocols with channels.
const channelsPrefix = "tidings.channels."

const (
	// maxChannelNumber bounds the numbers of channels, which a connection never uses twice.
	maxChannelNumber = 1<<31 - 1
	// maxLines bounds the refusals of one connection that wait to be written.
	maxLines = 64
	// errOtherUser is the reason of an ABORT: the connection belongs to another user.
	errOtherUser wamp.URI = "tidings.error.other_user"
)

// channels is the conversation of a connection with channels.
type channels struct {
	// Static.
	server   *Server
	router   *router.Router
	tls      *tls.ConnectionState // nil: TLS does not end here
	format   outbox.Format
	batching frame.Batching
	waker    outbox.Waker

	joined atomic.Bool // one of its clients has joined

	receiving sync.Mutex // guards what follows; held while a client receives or is detached
	highest   uint32     // number of the newest channel; 0: none was opened
	selected  *channel   // which the messages are of; nil: a channel that is closed
	addressed bool       // a line has come, and no message after it
	peer      *peer.Peer // as the newest client has it, which needs no memory of its own
	pace      meter.Pace // of all clients together

	mu     sync.Mutex // guards what follows; a leaf
	open   []*channel // in the order of their numbers
	ready  []*channel // those with something to take
	lines  [][]byte   // frames of refusals
	user   *peer.Identity
	closed *outbox.CloseInfo

	address []uint32 // of the line that was written last; owned by the writer
}

// acceptChannels begins the conversation of a connection with channels.
func (s wampHandler) acceptChannels(info ConnInfo, format outbox.Format) *channels {
	m := &channels{
		server: info.server, router: s.router, tls: info.Peer.TLSState, format: format, waker: info.Waker,
		batching: batchingOf(info.Protocol),
	}
	m.peer = &info.Peer
	m.peer.Admit = m.admit
	return m
}

// admit refuses a user that is not the user of the connection. The first login decides. Guests share with guests.
func (m *channels) admit(identity *peer.Identity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.user == nil:
		m.user = identity
	case m.user.ID == identity.ID && m.user.Backend == identity.Backend && m.user.Tenant == identity.Tenant:
	case m.user.Method == anonymous && identity.Method == anonymous:
	default:
		return wamp.Fail(errOtherUser, "this connection has sessions of another user: open one for this user")
	}
	return nil
}

// anonymous is the method of clients without credentials.
const anonymous = "anonymous"

// Open implements [Conversation]: channels open with their first message.
func (m *channels) Open(context.Context) error { return nil }

// Receive implements [Conversation].
func (m *channels) Receive(ctx context.Context, message Message) error {
	m.receiving.Lock()
	defer m.receiving.Unlock()
	if m.batching == frame.Unbatched {
		return m.receive(ctx, message.Data)
	}
	return m.batching.Split(message.Data, func(data []byte) error { return m.receive(ctx, data) })
}

func (m *channels) receive(ctx context.Context, data []byte) error {
	if len(data) > 0 && (data[0] == '-' || '0' <= data[0] && data[0] <= '9') {
		return m.receiveLine(ctx, data)
	}
	if m.highest == 0 {
		return m.fail("a message needs a line before it with the number of its channel")
	}
	m.addressed = false
	if m.selected == nil {
		return m.router.Throttle(ctx, &m.pace, 1)
	}
	if !m.selected.client.Established() && len(data) > m.server.limits().Handshake {
		info := outbox.CloseInfo{Reason: outbox.CloseTooBig, Text: tooBigToJoin(m.server.limits().Handshake)}
		m.selected.client.Refuse(wamp.Fail(wamp.ErrPayloadSizeExceeded, "%s", info.Text), info.Reason)
		return nil
	}
	err := m.selected.client.ReceiveBatched(ctx, data)
	m.selected.noteJoined()
	if ctx.Err() != nil {
		return err
	}
	return nil // its error is that of one client; Take returns the reason
}

// receiveLine selects, opens or closes a channel. A line that comes before a message costs nothing.
func (m *channels) receiveLine(ctx context.Context, line []byte) error {
	digits, closes := bytes.CutPrefix(line, []byte("-"))
	number, err := strconv.ParseUint(string(digits), 10, 31)
	if err != nil || number == 0 || digits[0] == '0' {
		return m.fail(fmt.Sprintf("a line has the number of a channel, 1 to %d, after '-' if the channel is to be closed", maxChannelNumber))
	}
	if closes || m.addressed {
		if err := m.router.Throttle(ctx, &m.pace, 1); err != nil {
			return err
		}
	}
	m.addressed = !closes
	if closes {
		m.closeChannel(uint32(number))
		return nil
	}
	m.flush()
	if m.selected = m.find(uint32(number)); m.selected == nil && uint32(number) > m.highest {
		m.highest = uint32(number)
		return m.openChannel(ctx, uint32(number))
	}
	return nil
}

// fail ends the connection of a client that breaks the rules of channels.
func (m *channels) fail(text string) error {
	info := outbox.CloseInfo{Reason: outbox.CloseProtocolViolation, Text: text}
	m.end(info)
	return info.Err()
}

// end ends the conversation. Only the first call has an effect.
func (m *channels) end(info outbox.CloseInfo) {
	m.mu.Lock()
	if m.closed == nil {
		m.closed = &info
	}
	m.mu.Unlock()
	m.waker.Wake()
}

// Flush implements [Conversation].
func (m *channels) Flush() {
	m.receiving.Lock()
	defer m.receiving.Unlock()
	m.flush()
}

// flush delivers what the selected client has published. Caller must hold receiving.
func (m *channels) flush() {
	if m.selected != nil {
		m.selected.client.Flush()
	}
}

// Throttle implements [Conversation].
func (m *channels) Throttle(ctx context.Context, frames int) error {
	return m.router.Throttle(ctx, &m.pace, frames)
}

// Refuse implements [Conversation].
func (m *channels) Refuse(info outbox.CloseInfo) { m.end(info) }

// Established implements [Conversation].
func (m *channels) Established() bool { return m.joined.Load() }

// Closed implements [Conversation]: it ends all channels.
func (m *channels) Closed(reason outbox.CloseReason) {
	m.end(outbox.CloseInfo{Reason: reason})
	for _, ch := range m.all() {
		m.receiving.Lock()
		ch.detach(reason)
		m.receiving.Unlock()
	}
}

// Len implements [Conversation].
func (m *channels) Len() (frames, bytes int) {
	for _, ch := range m.all() {
		f, b := ch.client.Outbox().Len()
		frames, bytes = frames+f, bytes+b
	}
	return frames, bytes
}

func (m *channels) all() []*channel {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.open)
}

// channelProtocols returns the protocols of version 2 with channels.
func channelProtocols(plain []Protocol) (with []Protocol) {
	for _, p := range plain {
		if strings.HasPrefix(p.Name, "wamp.2.") {
			p.Name, p.Channels = channelsPrefix+p.Name, true
			with = append(with, p)
		}
	}
	return with
}

// Interface guards.
var _ Conversation = (*channels)(nil)
