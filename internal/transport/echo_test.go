package transport_test

import (
	"context"
	"errors"
	"sync"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// echo sends every message back, so that the WebSocket layer is tested alone. A few messages are
// commands: "end:REASON" ends the conversation, "panic" panics, "flood" sends until it is ended.
type echo struct {
	joins  bool                  // conversations count as joined from the start
	pongs  transport.PongPolicy  // of the protocols
	ends   transport.ClosePolicy // of the protocols
	refuse error                 // of Open
	opened func(ctx context.Context)
	gone   chan outbox.CloseReason

	draining chan struct{} // closed by Shutdown
	hold     chan struct{} // that Shutdown waits for; nil: it does not wait

	mu   sync.Mutex
	open map[*echoing]struct{}
}

func newEcho() *echo {
	return &echo{joins: true, gone: make(chan outbox.CloseReason, 1000), draining: make(chan struct{}), open: make(map[*echoing]struct{})}
}

const bothFrames = frame.Text | frame.Binary

func (e *echo) Protocols() []transport.Protocol {
	return []transport.Protocol{
		{Name: "echo", Frames: bothFrames, Pongs: e.pongs, Ends: e.ends},
		{Name: "text", Frames: frame.Text, Pongs: e.pongs, Ends: e.ends},
		{Name: "binary", Frames: frame.Binary, Pongs: e.pongs, Ends: e.ends},
		{Name: "", Frames: bothFrames, Pongs: e.pongs, Ends: e.ends},
	}
}

func (e *echo) Accept(info transport.ConnInfo) (transport.Conversation, error) {
	conv := &echoing{echo: e, info: info}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[conv] = struct{}{}
	return conv, nil
}

func (e *echo) Shutdown(context.Context, meter.Drain) error {
	close(e.draining)
	if e.hold != nil {
		<-e.hold
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for conv := range e.open {
		conv.end(outbox.CloseInfo{Reason: outbox.CloseShutdown, Text: "bye"})
	}
	return nil
}

// all gives the conversations that are open.
func (e *echo) all() []*echoing {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []*echoing
	for conv := range e.open {
		all = append(all, conv)
	}
	return all
}

// echoing is one echo conversation.
type echoing struct {
	echo *echo
	info transport.ConnInfo

	mu     sync.Mutex
	queued [][]byte
	ending *outbox.CloseInfo
}

func (t *echoing) Open(ctx context.Context) error {
	if t.echo.opened != nil {
		t.echo.opened(ctx)
	}
	if t.echo.refuse != nil {
		t.end(outbox.CloseInfo{Reason: outbox.CloseAuthFailed, Text: t.echo.refuse.Error()})
	}
	return t.echo.refuse
}

var errOver = errors.New("over")

func (t *echoing) Receive(ctx context.Context, message transport.Message) error {
	text := string(message.Data)
	switch {
	case text == "panic":
		panic("as the test wants")
	case text == "wait":
		<-ctx.Done()
		return ctx.Err()
	case len(text) > 4 && text[:4] == "end:":
		for _, reason := range outbox.CloseReasons() {
			if reason.String() == text[4:] {
				t.end(outbox.CloseInfo{Reason: reason, Text: "because"})
				return errOver
			}
		}
	}
	framing := t.info.Text
	if message.Binary {
		framing = t.info.Binary
	}
	t.send(framed(framing, string(message.Data)))
	return nil
}

func (t *echoing) send(frame []byte) {
	t.mu.Lock()
	first := len(t.queued) == 0
	t.queued = append(t.queued, frame)
	t.mu.Unlock()
	if first {
		t.info.Waker.Wake()
	}
}

func (t *echoing) end(ending outbox.CloseInfo) {
	t.mu.Lock()
	first := t.ending == nil
	if first {
		t.ending = &ending
	}
	t.mu.Unlock()
	if first {
		t.info.Waker.Wake()
	}
}

func (t *echoing) Established() bool { return t.echo.joins }

func (t *echoing) Closed(reason outbox.CloseReason) {
	t.echo.mu.Lock()
	_, open := t.echo.open[t]
	delete(t.echo.open, t)
	t.echo.mu.Unlock()
	if open {
		t.echo.gone <- reason
	}
}

func (t *echoing) Take(dst [][]byte, maxBytes int) outbox.Taken {
	t.mu.Lock()
	defer t.mu.Unlock()
	for taken := 0; len(t.queued) > 0; t.queued = t.queued[1:] {
		if size := len(t.queued[0]); taken > 0 && taken+size > maxBytes {
			return outbox.Taken{Pieces: dst, Frames: len(dst), More: true}
		}
		taken += len(t.queued[0])
		dst = append(dst, t.queued[0])
	}
	return outbox.Taken{Pieces: dst, Frames: len(dst), Closed: t.ending}
}

func (*echoing) Flush() {}

func (*echoing) Throttle(context.Context, int) error { return nil }

func (t *echoing) Refuse(info outbox.CloseInfo) { t.end(info) }

// framed gives a message as one frame.
func framed(framing outbox.Framing, message string) []byte {
	frame, _ := framing.Frame(nil, []byte(message))
	return frame
}

func (t *echoing) Len() (frames, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, frame := range t.queued {
		bytes += len(frame)
	}
	return len(t.queued), bytes
}

// Interface guards.
var (
	_ transport.Handler      = (*echo)(nil)
	_ transport.Conversation = (*echoing)(nil)
)
