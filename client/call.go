package client

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// CallOptions change how a procedure is called.
type CallOptions struct {
	// Timeout asks the router to end the call after that time, if it can. The end of ctx ends it in any case.
	Timeout time.Duration
	// Progress is called for each progressive result, in order, by the goroutine that reads from the server. It must
	// not block, and may still run when Call returns because ctx has ended. nil asks for the final result only.
	Progress func(Payload)
	// DiscloseMe asks the router to tell the callee the caller.
	DiscloseMe bool
}

// Call calls the procedure and returns its result. An error of the router or the callee is an [*Error]. When ctx
// ends, the call is canceled.
func (c *Client) Call(ctx context.Context, procedure string, payload Payload, options *CallOptions) (Payload, error) {
	if options == nil {
		options = &CallOptions{}
	}
	body, err := c.outgoingPayload(ctx, procedure, payload)
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
		d["timeout"] = max(1, o.Timeout.Milliseconds()) // 0 would mean no timeout
	}
	if o.Progress != nil {
		d["receive_progress"] = true
	}
	if o.DiscloseMe {
		d["disclose_me"] = true
	}
	return d
}

// progress passes a progressive result to the Progress function of the call, if the call is still pending.
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
	l.client.guard("the Progress function of a call", "", func() { r.progress(part) })
	return nil
}
