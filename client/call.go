package client

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// CallOptions change how a procedure is called.
type CallOptions struct {
	// Timeout after which the router ends the call, if it can; ctx ends it in any case.
	Timeout time.Duration
	// Progress is called for each part of the result that comes before the last, in order, by the
	// goroutine that reads from the server: it must not block, and may still run when Call returns
	// because ctx has ended. nil asks for the whole result only.
	Progress func(Payload)
	// DiscloseMe asks the router to tell the callee who calls.
	DiscloseMe bool
}

// Call asks whoever registered the procedure and returns what that answered. An answer that is an
// error, by the router or the callee, is an [*Error]. When ctx ends first the call is canceled.
func (c *Client) Call(ctx context.Context, procedure string, payload Payload, options *CallOptions) (Payload, error) {
	if options == nil {
		options = &CallOptions{}
	}
	body, err := c.payload(payload)
	if err != nil {
		return Payload{}, wrap(err, "call", procedure)
	}
	reply, err := c.exchange(ctx, wamp.CodeCall, outbound{
		message: func(id wamp.ID) wamp.Message {
			return &wamp.Call{Request: id, Options: options.dict(), Procedure: wamp.URI(procedure), Payload: body}
		},
		progress: options.Progress,
	})
	if err != nil {
		return Payload{}, wrap(err, "call", procedure)
	}
	result, err := payloadFromWAMP(reply.(*wamp.Result).Payload)
	return result, wrap(err, "call", procedure)
}

func (o *CallOptions) dict() wamp.Dict {
	d := wamp.Dict{}
	if o.Timeout > 0 {
		d["timeout"] = max(1, o.Timeout.Milliseconds()) // 0 would be no timeout at all
	}
	if o.Progress != nil {
		d["receive_progress"] = true
	}
	if o.DiscloseMe {
		d["disclose_me"] = true
	}
	return d
}

// progress hands a part of a result to who waits for all of it. Nobody may wait any more.
func (l *link) progress(m *wamp.Result) error {
	l.client.mu.Lock()
	r := l.pending[m.Request]
	l.client.mu.Unlock()
	if r == nil || r.progress == nil {
		return nil
	}
	part, err := payloadFromWAMP(m.Payload)
	if err != nil {
		return wamp.Violation("a part of the result of request %d cannot be read: %s", m.Request, err)
	}
	r.progress(part)
	return nil
}
