package client

import (
	"errors"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

var (
	// ErrClosed is the answer to every request once the client has ended.
	ErrClosed = errors.New("client is closed")
	// ErrConnectionLost is the answer to a request that was on its way when the connection was
	// lost: whether it had an effect is not known.
	ErrConnectionLost = errors.New("connection lost")
	// ErrSlowHandler ends a connection whose events were not handled in time.
	ErrSlowHandler = errors.New("event handlers are too slow")
)

// Error is what the router or a callee answered instead of a result. A handler of a registered
// procedure returns one to choose what the caller sees.
type Error struct {
	// URI says which error, such as "wamp.error.no_such_procedure".
	URI string
	// Message is a sentence for people, if there is one.
	Message string
	Args    []any
	Kwargs  map[string]any
}

func (e *Error) Error() string {
	if e.Message == "" {
		return e.URI
	}
	return e.URI + ": " + e.Message
}

// newError makes an Error of the parts of an ERROR, ABORT or GOODBYE.
func newError(uri wamp.URI, details wamp.Dict, payload wamp.Payload) *Error {
	e := &Error{URI: string(uri)}
	if p, err := payloadFromWAMP(payload); err == nil { // an undecodable explanation is none
		e.Args, e.Kwargs = p.Args, p.Kwargs
	}
	if message, ok := details.String("message"); ok {
		e.Message = message
	} else if len(e.Args) > 0 {
		e.Message, _ = e.Args[0].(string)
	}
	return e
}

// final reports whether an answer to a try to join will be the same at the next try.
func final(err error, freshTicket bool) bool {
	var answer *Error
	if !errors.As(err, &answer) {
		return false
	}
	switch wamp.URI(answer.URI) {
	case wamp.ErrAuthenticationDenied, wamp.ErrNotAuthorized:
		return !freshTicket // a ticket may have expired on its way; the next one is another
	case wamp.CloseKilled: // somebody wanted this session to end
		return true
	case wamp.ErrAuthenticationFailed, wamp.ErrAuthorizationFailed: // the server's own trouble
		return false
	}
	return strings.HasPrefix(answer.URI, "wamp.error.no_") ||
		wamp.URI(answer.URI) == wamp.ErrAuthenticationRequired
}
