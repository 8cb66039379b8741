package main

import (
	"context"
	"errors"
	"sync"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// echo handles connections: it sends every message back unchanged.
type echo struct {
	most int // bytes that may wait to be written to one client

	mu   sync.Mutex // guards open
	open map[*echoing]struct{}
}

func newEcho(most int) *echo { return &echo{most: most, open: make(map[*echoing]struct{})} }

// Protocols includes the empty name, because test suites request no subprotocol.
func (*echo) Protocols() []transport.Protocol {
	const both = frame.Text | frame.Binary
	return []transport.Protocol{{Name: "echo", Frames: both}, {Frames: both}}
}

func (e *echo) Accept(opening transport.ConnInfo) (transport.Conversation, error) {
	talk := &echoing{echo: e, opening: opening}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[talk] = struct{}{}
	return talk, nil
}

func (e *echo) Shutdown(context.Context, meter.Drain) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for talk := range e.open {
		talk.end(outbox.CloseInfo{Reason: outbox.CloseShutdown})
	}
	return nil
}

// echoing is the conversation with one client.
type echoing struct {
	echo    *echo
	opening transport.ConnInfo

	mu     sync.Mutex // guards what follows
	queue  [][]byte
	size   int
	ending *outbox.CloseInfo
}

var errSlow = errors.New("the client does not read")

func (*echoing) Open(context.Context) error { return nil }

func (*echoing) Established() bool { return true }

func (*echoing) Throttle(context.Context, int) error { return nil }

func (t *echoing) Refuse(info outbox.CloseInfo) { t.end(info) }

func (t *echoing) Receive(_ context.Context, message transport.Message) error {
	framing := t.opening.Text
	if message.Binary {
		framing = t.opening.Binary
	}
	frame, _ := framing.Frame(nil, message.Data) // WebSocket frames have no limit
	if t.put(frame) > t.echo.most {
		t.end(outbox.CloseInfo{Reason: outbox.CloseSlow, Text: errSlow.Error()})
		return errSlow
	}
	return nil
}

// put queues a frame and returns the number of queued bytes.
func (t *echoing) put(frame []byte) int {
	t.mu.Lock()
	t.queue = append(t.queue, frame)
	t.size += len(frame)
	size := t.size
	t.mu.Unlock()
	t.opening.Waker.Wake()
	return size
}

func (t *echoing) end(ending outbox.CloseInfo) {
	t.mu.Lock()
	if t.ending == nil {
		t.ending = &ending
	}
	t.mu.Unlock()
	t.opening.Waker.Wake()
}

func (t *echoing) Closed(outbox.CloseReason) {
	t.echo.mu.Lock()
	defer t.echo.mu.Unlock()
	delete(t.echo.open, t)
}

func (*echoing) Flush() {}

func (t *echoing) Take(dst [][]byte, maxBytes int) outbox.Taken {
	t.mu.Lock()
	defer t.mu.Unlock()
	for taken := 0; len(t.queue) > 0; t.queue = t.queue[1:] {
		size := len(t.queue[0])
		if taken > 0 && taken+size > maxBytes {
			return outbox.Taken{Pieces: dst, Frames: len(dst), More: true}
		}
		taken += size
		t.size -= size
		dst = append(dst, t.queue[0])
	}
	return outbox.Taken{Pieces: dst, Frames: len(dst), Closed: t.ending}
}

func (t *echoing) Len() (frames, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue), t.size
}

// Interface guards.
var (
	_ transport.Handler      = (*echo)(nil)
	_ transport.Conversation = (*echoing)(nil)
)
