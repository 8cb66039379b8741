package hook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Functions decide in the program that embeds the server. Each may be nil, which allows. They run in
// the goroutine that reads from the client, so only that client waits for them.
type Functions struct {
	// Subscribe allows by returning nil and refuses by returning [Refused]. Any other error is no
	// decision.
	Subscribe func(ctx context.Context, q *Query) error
	// Publish allows and refuses as Subscribe does. A payload, unless it is nil, is published instead
	// of the client's.
	Publish func(ctx context.Context, q *Query) (*wamp.Payload, error)
}

// On returns the actions that have a function.
func (f *Functions) On() []peer.Action {
	var on []peer.Action
	if f.Subscribe != nil {
		on = append(on, peer.Subscribe)
	}
	if f.Publish != nil {
		on = append(on, peer.Publish)
	}
	return on
}

// refusal is a decision, unlike other errors.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

// Refused returns the error by which a function refuses. The client is sent the reason.
func Refused(reason string) error { return &refusal{reason} }

// panicError reports that a function has panicked instead of deciding.
type panicError struct {
	fault any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("the function panicked: %v", e.fault) }

// Decide implements [Decider]. A panic is an error: it must cost the client this one request, and not its connection,
// because a client that comes back would ask the same again.
func (f *Functions) Decide(ctx context.Context, q *Query) (decision Decision, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			decision, err = Decision{}, &panicError{fault, debug.Stack()}
		}
	}()
	decision = Decision{Allow: true}
	switch {
	case q.Action == peer.Subscribe && f.Subscribe != nil:
		err = f.Subscribe(ctx, q)
	case q.Action == peer.Publish && f.Publish != nil:
		decision.Payload, err = f.Publish(ctx, q)
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		return Decision{Reason: refused.reason}, nil
	}
	if err != nil {
		return Decision{}, fmt.Errorf("ask the function: %w", err)
	}
	return decision, nil
}

// Interface guards.
var (
	_ Decider         = (*Webhook)(nil)
	_ Decider         = (*Procedure)(nil)
	_ Decider         = (*Functions)(nil)
	_ Caller          = (*router.Realm)(nil)
	_ Publisher       = (*router.Realm)(nil)
	_ router.Observer = (*Periodic)(nil)
)
