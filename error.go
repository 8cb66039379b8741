package tidings

import (
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Error is an error that clients see: a URI for programs and a sentence for people. A procedure
// returns one to choose what its caller gets; the server returns one for what it refuses.
type Error struct {
	URI     string // such as "wamp.error.not_authorized" or "shop.error.sold_out"
	Message string
	Payload Payload // what the error carries besides; of a procedure's error only
}

func (e *Error) Error() string {
	if e.Message == "" {
		return e.URI
	}
	return e.URI + ": " + e.Message
}

// Errorf makes an [*Error] with a message.
func Errorf(uri, format string, args ...any) error {
	return &Error{URI: uri, Message: fmt.Sprintf(format, args...)}
}

// Refuse is what a handler returns to say no. The client is told the reason. Any other error of a
// handler means that it failed, which the client is told without the error's text.
func Refuse(format string, args ...any) error {
	return &Error{URI: string(wamp.ErrNotAuthorized), Message: fmt.Sprintf(format, args...)}
}

// publicError turns the server's own kinds of error into the public one.
func publicError(err error) error {
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return &Error{URI: string(failure.URI), Message: failure.Message}
	}
	var callee *router.CallError
	if errors.As(err, &callee) {
		made := &Error{URI: string(callee.URI)}
		if payload, err := outer(callee.Payload); err == nil { // an undecodable explanation is none
			made.Payload = payload
		}
		if len(made.Payload.Args) > 0 {
			made.Message, _ = made.Payload.Args[0].(string)
		}
		return made
	}
	return err
}
