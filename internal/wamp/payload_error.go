package wamp

import "github.com/tidings-io/tidings/internal/wamp/serial"

// PayloadError reports a payload that cannot be passed on, in a message that is valid otherwise. The message comes
// together with the error, without its payload. Only that message fails; the conversation goes on.
type PayloadError struct{ failure *Failure }

func (e *PayloadError) Error() string { return e.failure.Error() }

// Unwrap returns the [Failure] for the sender of the payload. Its text says where in the payload what is wrong.
func (e *PayloadError) Unwrap() error { return e.failure }

// payloadError returns the error for a part of a payload that was refused. The parameters are those of [serial.Flaw].
func payloadError(name string, s Serialization, part []byte, depth int) *PayloadError {
	return &PayloadError{Fail(ErrInvalidArgument, "%s", serial.Flaw(name, s, part, depth))}
}
