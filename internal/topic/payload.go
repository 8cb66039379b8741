package topic

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/wamp"
)

// FaultError reports a fault of the server while it validated a payload, which is a refusal for the client. The caller
// logs Fault.
type FaultError struct {
	Failure *wamp.Failure
	Fault   error
}

// Error implements error.
func (e *FaultError) Error() string { return e.Failure.Error() }

// Unwrap returns the failure for the client.
func (e *FaultError) Unwrap() error { return e.Failure }

// CheckPayload returns a [*wamp.Failure] that says where a payload breaks the contract, or a [*FaultError] around one.
// It stops when ctx ends, and when the payload takes too long to validate. Caller must check the payload by which a
// hook replaced another one.
func (t *Table) CheckPayload(ctx context.Context, c *Contract, payload wamp.Payload) error {
	if c.schema == nil {
		return nil
	}
	text, err := payload.Value()
	if err != nil {
		return t.refusePayload(BadPayload, "the payload for %s cannot be read: %v", c.Pattern, err)
	}
	return t.refusalOf(ctx, c, c.schema.Validate(ctx, text))
}

// refusalOf returns what the client is told of an error of the validation, and counts it.
func (t *Table) refusalOf(ctx context.Context, c *Contract, err error) error {
	switch mismatch := (*schema.MismatchError)(nil); {
	case err == nil:
		return nil
	case errors.As(err, &mismatch):
		return t.refusePayload(BadPayload, "the payload is not as the schema of %s says: %s", c.Pattern, mismatch.Text)
	case errors.Is(err, schema.ErrTooCostly):
		return t.refusePayload(CostlyPayload, "the payload for %s takes too long to validate; publish smaller parts, or raise limits.schema_steps", c.Pattern)
	case ctx.Err() != nil:
		return wamp.Fail(wamp.ErrCanceled, "the client has gone")
	}
	t.refused[BrokenSchema].Add(1)
	failure := wamp.Fail(wamp.ErrAuthorizationFailed, "the payload for %s could not be validated; the server's log has the reason", c.Pattern)
	return &FaultError{failure, err}
}

// refusePayload counts a refusal and returns it as a [*wamp.Failure].
func (t *Table) refusePayload(r Reason, format string, args ...any) error {
	return t.refuseFor(wamp.ErrInvalidArgument, r, format, args...)
}

func (t *Table) refuseFor(uri wamp.URI, r Reason, format string, args ...any) error {
	t.refused[r].Add(1)
	return wamp.Fail(uri, format, args...)
}
