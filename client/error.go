package client

import (
	"errors"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

var (
	// ErrClosed is returned by every request once the client has ended.
	ErrClosed = errors.New("client is closed")
	// ErrConnectionLost is returned by a request that was under way when the connection was lost: it is
	// unknown whether the request had an effect.
	ErrConnectionLost = errors.New("connection lost")
	// ErrSlowHandler ends a connection whose events were not handled in time; see [Limits].HandlerPatience.
	ErrSlowHandler = errors.New("event handlers are too slow")
)

// errNoContext is the error of a nil context, which is a mistake of the program.
var errNoContext = errors.New("the context is nil: use context.Background()")

// Error is an error of the protocol: the answer of the router or of a callee instead of a result. A procedure returns
// one to choose the error that its caller gets. errors.Is compares it with an [ErrorURI].
type Error struct {
	// URI names the error, such as "wamp.error.no_such_procedure".
	URI string
	// Message is a sentence for people, or "".
	Message string
	// Payload holds the arguments of the error, if it has any.
	Payload

	retryAfter time.Duration // when a router that stops wants its client back; 0: it does not say
}

func (e *Error) Error() string {
	if e == nil {
		return "a nil *client.Error"
	}
	if e.Message == "" {
		return e.URI
	}
	return e.URI + ": " + e.Message
}

// Is reports whether target is the [ErrorURI] of e.
func (e *Error) Is(target error) bool {
	uri, ok := target.(ErrorURI)
	return ok && e != nil && string(uri) == e.URI
}

// Temporary reports whether the same request may succeed later: no decision came in time, there is no callee at the
// moment, or a session that is about to end still has the procedure.
func (e *Error) Temporary() bool {
	switch wamp.URI(e.URI) {
	case wamp.ErrAuthorizationFailed, wamp.ErrCanceled, wamp.ErrNetworkFailure, wamp.ErrNoAvailableCallee,
		wamp.ErrProcedureAlreadyExists, wamp.ErrTimeout, wamp.ErrUnavailable:
		return true
	}
	return false
}

// ErrorURI is the URI of an [Error], as an error to compare with:
//
//	if errors.Is(err, client.ErrNotAuthorized) { ... }
type ErrorURI string

func (u ErrorURI) Error() string { return string(u) }

// The URIs of the errors that a Tidings server sends (WAMP, "Predefined URIs"). An application has its own besides.
const (
	ErrInvalidURI                      = ErrorURI(wamp.ErrInvalidURI)
	ErrInvalidArgument                 = ErrorURI(wamp.ErrInvalidArgument)
	ErrNoSuchProcedure                 = ErrorURI(wamp.ErrNoSuchProcedure)
	ErrProcedureAlreadyExists          = ErrorURI(wamp.ErrProcedureAlreadyExists)
	ErrNoSuchSubscription              = ErrorURI(wamp.ErrNoSuchSubscription)
	ErrNoSuchRegistration              = ErrorURI(wamp.ErrNoSuchRegistration)
	ErrNoSuchSession                   = ErrorURI(wamp.ErrNoSuchSession)
	ErrNoSuchRealm                     = ErrorURI(wamp.ErrNoSuchRealm)
	ErrNotAuthorized                   = ErrorURI(wamp.ErrNotAuthorized)
	ErrAuthorizationFailed             = ErrorURI(wamp.ErrAuthorizationFailed)
	ErrAuthenticationRequired          = ErrorURI(wamp.ErrAuthenticationRequired)
	ErrAuthenticationDenied            = ErrorURI(wamp.ErrAuthenticationDenied)
	ErrAuthenticationFailed            = ErrorURI(wamp.ErrAuthenticationFailed)
	ErrFeatureNotSupported             = ErrorURI(wamp.ErrFeatureNotSupported)
	ErrPayloadSizeExceeded             = ErrorURI(wamp.ErrPayloadSizeExceeded)
	ErrCanceled                        = ErrorURI(wamp.ErrCanceled)
	ErrTimeout                         = ErrorURI(wamp.ErrTimeout)
	ErrUnavailable                     = ErrorURI(wamp.ErrUnavailable)
	ErrNoAvailableCallee               = ErrorURI(wamp.ErrNoAvailableCallee)
	ErrLimitExceeded                   = ErrorURI(wamp.ErrLimitExceeded)
	ErrRuntime                ErrorURI = "wamp.error.runtime_error" // a callee failed, as WAMP clients agree
	ErrInternal               ErrorURI = "tidings.error.internal"   // the server failed; its log says why
)

// newError returns the Error of an ERROR, ABORT or GOODBYE.
func newError(uri wamp.URI, details wamp.Dict, payload wamp.Payload) *Error {
	e := &Error{URI: string(uri)}
	if p, err := payloadFromWAMP(payload); err == nil { // arguments that cannot be decoded are left out
		e.Payload = p
	}
	e.retryAfter = retryAfter(details)
	if message, ok := details.String("message"); ok {
		e.Message = message
	} else if len(e.Args) > 0 {
		e.Message, _ = e.Args[0].(string)
	}
	return e
}

// maxRetryAfter bounds what a router can ask for.
const maxRetryAfter = 5 * time.Minute

// retryAfter reads the seconds after which a client should come back.
func retryAfter(details wamp.Dict) time.Duration {
	var seconds float64
	switch value := details["_retry_after"].(type) {
	case float64:
		seconds = value
	case int64:
		seconds = float64(value)
	}
	if !(seconds > 0) { // nor NaN
		return 0
	}
	return min(time.Duration(min(seconds, maxRetryAfter.Seconds())*float64(time.Second)), maxRetryAfter)
}

// final reports whether the next try to join would get the same answer. once tells that the next login is another one.
func final(err error, once bool) bool {
	var answer *Error
	if !errors.As(err, &answer) {
		return false
	}
	switch wamp.URI(answer.URI) {
	case wamp.ErrAuthenticationDenied, wamp.ErrNotAuthorized:
		return !once // a ticket may have expired on its way; the next one may be accepted
	case wamp.CloseKilled: // an operator ended this session on purpose
		return true
	case wamp.ErrAuthenticationFailed, wamp.ErrAuthorizationFailed: // a fault of the server
		return false
	}
	return strings.HasPrefix(answer.URI, "wamp.error.no_") ||
		wamp.URI(answer.URI) == wamp.ErrAuthenticationRequired
}
