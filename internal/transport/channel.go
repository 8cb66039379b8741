package transport

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
	"github.com/tidings-io/tidings/internal/wamp"
)

// channel is one of the conversations over a connection. It takes a place of a connection, as the connection itself
// does for its first channel.
type channel struct {
	home   *channels
	number uint32
	client *router.Client
	late   *time.Timer // ends it if no session is opened; nil once one is
	queued bool        // in home.ready; guarded by home.mu
	closed bool        // not in home.open any more; guarded by home.mu
	told   bool        // the client knows that it is closed; owned by the writer
}

// Wake implements [outbox.Waker]: there is something to take.
func (ch *channel) Wake() {
	m := ch.home
	m.mu.Lock()
	if !ch.queued {
		ch.queued = true
		m.ready = append(m.ready, ch)
	}
	m.mu.Unlock()
	m.waker.Wake()
}

func (m *channels) find(number uint32) *channel {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ch := range m.open {
		if ch.number == number {
			return ch
		}
	}
	return nil
}

// openChannel opens a channel and selects it, or refuses it. Caller must hold receiving.
func (m *channels) openChannel(ctx context.Context, number uint32) error {
	limit := m.server.limits().MaxChannels
	m.mu.Lock()
	count, closed := len(m.open), m.closed
	m.mu.Unlock()
	switch {
	case closed != nil:
		return closed.Err()
	case count >= limit:
		return m.refuse(number, fmt.Sprintf("a connection has at most %d sessions (websocket.channels): open another one", limit))
	case count > 0:
		if wrong := m.server.reserve(false); wrong != nil {
			m.server.handshakes.refuse(wrong.Reason)
			m.server.logRefusal(ctx, wrong, m.peer.RemoteAddr)
			return m.refuse(number, wrong.Detail)
		}
	}
	ch := &channel{home: m, number: number}
	other := *m.peer
	other.TLSState = m.tls // the client has given it up
	ch.client = m.router.Attach(router.Attachment{Peer: other, Format: m.format, Waker: ch, Pace: &m.pace})
	m.peer = ch.client.Peer()
	m.mu.Lock()
	m.open = append(m.open, ch)
	m.mu.Unlock()
	m.selected = ch
	ch.late = time.AfterFunc(m.server.limits().Hello, ch.expire)
	return ch.client.Open(ctx)
}

// refuse answers the opening of a channel with ABORT.
func (m *channels) refuse(number uint32, text string) error {
	abort, err := m.format.Encoding.Append(nil, &wamp.Abort{Details: wamp.Dict{"message": text}, Reason: wamp.ErrLimitExceeded})
	if err != nil {
		return fmt.Errorf("refuse a channel: %w", err)
	}
	m.mu.Lock()
	m.lines = append(m.lines, m.frame(strconv.FormatUint(uint64(number), 10)), m.frame(string(abort)), m.closeLine(number, outbox.CloseInfo{Text: text}))
	full := len(m.lines) > maxLines
	m.mu.Unlock()
	if full {
		m.end(outbox.CloseInfo{Reason: outbox.CloseSlow, Text: "too much was waiting to be written to this client"})
	}
	m.waker.Wake()
	return nil
}

// noteJoined notes the session of a client that has joined. Caller must hold receiving.
func (ch *channel) noteJoined() {
	if ch.late == nil || !ch.client.Established() {
		return
	}
	ch.late.Stop()
	ch.late = nil
	ch.home.joined.Store(true)
}

// expire ends a channel without a session.
func (ch *channel) expire() {
	if ch.client.Established() {
		return
	}
	text := fmt.Sprintf("no session was opened within %s", ch.home.server.limits().Hello)
	ch.client.Refuse(wamp.Fail(wamp.ErrTimeout, "%s", text), outbox.CloseTimeout)
}

// closeChannel ends a channel whose client has closed it. Caller must hold receiving.
func (m *channels) closeChannel(number uint32) {
	if ch := m.find(number); ch != nil {
		ch.detach(outbox.CloseLost)
	}
}

// ended ends a channel that the server has closed. The writer calls it, and must not wait for the reader.
func (ch *channel) ended(reason outbox.CloseReason) {
	go func() {
		ch.home.receiving.Lock()
		defer ch.home.receiving.Unlock()
		ch.detach(reason)
	}()
}

// detach ends the conversation of a channel, and that of the connection with the last one. Only the first call has an
// effect. Caller must hold receiving.
func (ch *channel) detach(reason outbox.CloseReason) {
	m := ch.home
	m.mu.Lock()
	at := slices.Index(m.open, ch)
	if at < 0 {
		m.mu.Unlock()
		return
	}
	m.open = slices.Delete(m.open, at, at+1)
	ch.closed = true
	last := len(m.open) == 0
	m.mu.Unlock()
	if ch.late != nil {
		ch.late.Stop()
	}
	if m.selected == ch {
		m.selected = nil
	}
	ch.client.Detach(reason)
	if !last {
		m.server.release()
		return
	}
	if reason != outbox.CloseShutdown {
		reason = outbox.CloseGoodbye
	}
	m.end(outbox.CloseInfo{Reason: reason})
}

// frame makes a frame of a line.
func (m *channels) frame(line string) []byte {
	framed, _ := m.format.Frame(nil, []byte(line))
	return framed
}

// closeLine returns the frame that tells the client how a channel was closed.
func (m *channels) closeLine(number uint32, info outbox.CloseInfo) []byte {
	code := codeOf(info.Reason)
	if info.Reason == outbox.CloseNone {
		code = frame.CodeTryAgainLater
	}
	return m.frame(fmt.Sprintf("-%d %d %s", number, code, printable(info.Text)))
}

// printable returns the text with spaces for control characters, some of which end a message of a batch.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// Interface guards.
var _ outbox.Waker = (*channel)(nil)
