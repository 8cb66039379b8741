package handler

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Handlers are functions of a program that embeds the server. Each may be nil. They run in the
// goroutine that reads from the client, so that client waits for them and nobody else does.
type Handlers struct {
	// Subscribe allows by nil and refuses by [Refused]; any other error is no decision.
	Subscribe func(ctx context.Context, r *Request) error
	// Publish does the same; a payload, unless nil, is published instead.
	Publish func(ctx context.Context, r *Request) (*wamp.Payload, error)
}

// refusal is a no with a reason, unlike other errors.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

// Refused is the error of a function that refuses. The client is told the reason.
func Refused(reason string) error { return &refusal{reason} }

// Functions are the handlers of a program by the pattern of the contract, as the configuration
// writes it. The zero value is empty. It is filled before the server runs and not safe for
// concurrent use.
type Functions struct{ byPattern map[string]*function }

// On registers functions for a contract.
func (f *Functions) On(pattern string, handlers Handlers) error {
	switch {
	case handlers.Subscribe == nil && handlers.Publish == nil:
		return fmt.Errorf("register a handler for %s: it has no function", pattern)
	case f.byPattern[pattern] != nil:
		return fmt.Errorf("register a handler for %s: there is one already", pattern)
	case f.byPattern == nil:
		f.byPattern = make(map[string]*function)
	}
	f.byPattern[pattern] = &function{handlers}
	return nil
}

// Lookup gives the functions of a contract.
func (f *Functions) Lookup(pattern string) (Asker, bool) {
	found, ok := f.byPattern[pattern]
	return found, ok
}

type function struct{ Handlers }

// Ask implements [Asker].
func (f *function) Ask(ctx context.Context, r *Request) (Answer, error) {
	answer := Answer{Allow: true}
	var err error
	switch {
	case r.Action == router.Subscribe && f.Subscribe != nil:
		err = f.Subscribe(ctx, r)
	case r.Action == router.Publish && f.Publish != nil:
		answer.Payload, err = f.Publish(ctx, r)
	}
	if no, ok := errors.AsType[*refusal](err); ok {
		return Answer{Reason: no.reason}, nil
	}
	if err != nil {
		return Answer{}, fmt.Errorf("ask the function: %w", err)
	}
	return answer, nil
}

// Interface guards.
var (
	_ Asker           = (*Webhook)(nil)
	_ Asker           = (*Procedure)(nil)
	_ Asker           = (*function)(nil)
	_ Caller          = (*router.Realm)(nil)
	_ Publisher       = (*router.Realm)(nil)
	_ router.Observer = (*Periodic)(nil)
)
