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
	reply, err := c.request(ctx, wamp.CodeCall, func(id wamp.ID) wamp.Message {
		return &wamp.Call{Request: id, Options: options.dict(), Procedure: wamp.URI(procedure), Payload: body}
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
	if o.DiscloseMe {
		d["disclose_me"] = true
	}
	return d
}
