package wamp

import (
	"errors"
	"fmt"
)

// The URIs that the router itself sends (WAMP, "Predefined URIs").
const (
	ErrInvalidURI             URI = "wamp.error.invalid_uri"
	ErrNoSuchProcedure        URI = "wamp.error.no_such_procedure"
	ErrProcedureAlreadyExists URI = "wamp.error.procedure_already_exists"
	ErrNoSuchRegistration     URI = "wamp.error.no_such_registration"
	ErrNoSuchSubscription     URI = "wamp.error.no_such_subscription"
	ErrInvalidArgument        URI = "wamp.error.invalid_argument"
	ErrCanceled               URI = "wamp.error.canceled"
	ErrTimeout                URI = "wamp.error.timeout"
	ErrPayloadSizeExceeded    URI = "wamp.error.payload_size_exceeded"
	ErrProtocolViolation      URI = "wamp.error.protocol_violation"
	ErrNotAuthorized          URI = "wamp.error.not_authorized"
	ErrAuthorizationFailed    URI = "wamp.error.authorization_failed"
	ErrNoSuchRealm            URI = "wamp.error.no_such_realm"
	ErrNoSuchRole             URI = "wamp.error.no_such_role"
	ErrNoMatchingAuthMethod   URI = "wamp.error.no_matching_auth_method"
	ErrAuthenticationDenied   URI = "wamp.error.authentication_denied"
	ErrAuthenticationFailed   URI = "wamp.error.authentication_failed"
	ErrAuthenticationRequired URI = "wamp.error.authentication_required"
	ErrOptionDisallowed       URI = "wamp.error.option_disallowed.disclose_me"
	ErrFeatureNotSupported    URI = "wamp.error.feature_not_supported"
	ErrNetworkFailure         URI = "wamp.error.network_failure"
	ErrNoSuchSession          URI = "wamp.error.no_such_session"
	ErrUnavailable            URI = "wamp.error.unavailable"
	ErrNoAvailableCallee      URI = "wamp.error.no_available_callee"

	// ErrLimitExceeded is defined by Tidings: the specification names no error for a limit per session.
	ErrLimitExceeded URI = "tidings.error.limit_exceeded"

	CloseGoodbyeAndOut  URI = "wamp.close.goodbye_and_out"
	CloseSystemShutdown URI = "wamp.close.system_shutdown"
	CloseRealm          URI = "wamp.close.close_realm"
	CloseKilled         URI = "wamp.close.killed"
	CloseLogout         URI = "wamp.close.logout" // sent by clients; not in the specification

	// CloseIdentityExpired is not in the specification, which has no reason that asks a client to log in again.
	CloseIdentityExpired URI = "tidings.close.identity_expired"
)

// Failure is an error that a client may see: the URI of an ERROR or ABORT, and a sentence with the cause and the
// remedy. Functions that can refuse a request return a Failure; edges translate it.
type Failure struct {
	URI     URI
	Message string
}

// Fail returns a [Failure] with a formatted message.
func Fail(uri URI, format string, args ...any) *Failure {
	return &Failure{URI: uri, Message: fmt.Sprintf(format, args...)}
}

func (f *Failure) Error() string { return string(f.URI) + ": " + f.Message }

// Violation returns a [Failure] that ends the conversation with ABORT (WAMP, "Protocol Violations").
func Violation(format string, args ...any) *Failure {
	return Fail(ErrProtocolViolation, format, args...)
}

// TextOf returns what a client may see of an error, without its URI: the message of a [Failure], or "".
func TextOf(err error) string {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Message
	}
	return ""
}
