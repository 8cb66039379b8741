package calls

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Error is the ERROR that answers a call.
type Error struct {
	URI     wamp.URI
	Payload wamp.Payload
}

// Error implements error.
func (e *Error) Error() string {
	if text, err := e.Payload.Value(); err == nil && string(text) != "null" {
		return fmt.Sprintf("%s: %s", e.URI, text)
	}
	return string(e.URI)
}

// Errorf returns an Error with a text as its only argument.
func Errorf(uri wamp.URI, format string, args ...any) *Error {
	payload, err := wamp.NewPayload([]any{fmt.Sprintf(format, args...)}, nil)
	if err != nil {
		payload = wamp.Payload{} // the URI says enough
	}
	return &Error{URI: uri, Payload: payload}
}

// Canceled returns the Error of a call that has ended before its callee answered.
func Canceled(why string) *Error { return Errorf(wamp.ErrCanceled, "%s", why) }

// NoSuchProcedure returns the error of a call that no registration matches.
func NoSuchProcedure(procedure wamp.URI) error {
	return wamp.Fail(wamp.ErrNoSuchProcedure, "nobody has registered %q", procedure)
}

// NoAvailableCallee returns the Error of a call that no callee takes.
func NoAvailableCallee(procedure wamp.URI) *Error {
	return Errorf(wamp.ErrNoAvailableCallee, "no callee of %q is available", procedure)
}

// Inexpressible returns the Error of a call whose arguments cannot be transcoded.
func Inexpressible(err error) *Error {
	return Errorf(wamp.ErrInvalidArgument, "the arguments cannot be expressed in the callee's serialization: %s", err)
}

// GaveUp returns the Error of a call whose caller in the server waits no longer, because ctx has ended.
func GaveUp(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Errorf(wamp.ErrTimeout, "the callee did not answer in time")
	}
	return Canceled("the caller gave up")
}
