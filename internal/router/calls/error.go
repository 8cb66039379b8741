package calls

import (
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
