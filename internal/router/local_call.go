package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// CallRequest is a call from inside the server.
type CallRequest struct {
	Procedure wamp.URI
	Payload   wamp.Payload
	Caller    *Session // passed to a local Handler, and never to a callee
}

// Call calls the procedure and waits for the answer. It is trusted: the Authorizer is not asked. The error is a
// *[calls.Error], or a *[wamp.Failure] if no callee was asked.
func (r *Realm) Call(ctx context.Context, request CallRequest) (wamp.Payload, error) {
	began := time.Now()
	reg := r.dealer.find(request.Procedure)
	if reg == nil {
		return wamp.Payload{}, calls.NoSuchProcedure(request.Procedure)
	}
	defer r.router.counters.AddCall(began, r.router.options.Probe)
	if reg.local != nil {
		a := r.runGuarded(ctx, reg.local, LocalInvocation(request))
		return a.Result()
	}
	c := &call{
		outgoing:     outgoing{procedure: request.Procedure, payload: request.Payload},
		registration: reg, realm: r, reply: make(chan calls.Answer, 1),
	}
	c.invoke()
	select {
	case a := <-c.reply:
		return a.Result()
	case <-ctx.Done():
		c.end(calls.Answer{Err: calls.GaveUp(ctx)}, calls.KillNoWait) // or the answer that came at the same time
		return (<-c.reply).Result()
	}
}
