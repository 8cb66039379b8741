package outbox

import (
	"errors"
	"fmt"
)

// CloseReason is the reason for which a conversation was closed.
type CloseReason uint8

// The reasons. Each has a counter of its own.
const (
	CloseNone              CloseReason = iota // it is open
	CloseGoodbye                              // the client said GOODBYE
	CloseAborted                              // the client sent ABORT
	CloseShutdown                             // the server stops
	CloseKilled                               // a component or an operator ended the session
	CloseProtocolViolation                    // the client broke the protocol
	CloseAuthFailed                           // HELLO or AUTHENTICATE was refused
	CloseSlow                                 // the outbox exceeded a limit
	CloseLost                                 // the transport broke
	CloseTimeout                              // a deadline passed
	CloseTooBig                               // a message was over the transport's limit
	CloseRate                                 // more was sent than the server is willing to read
	CloseInternal                             // our own fault; it is in the log
	CloseExpired                              // the identity has expired
)

// NumReasons is the number of reasons, with CloseNone. It is no CloseReason, so that a switch need not have it.
const NumReasons = int(CloseExpired) + 1

var closeNames = [NumReasons]string{
	"none", "goodbye", "aborted", "shutdown", "killed", "protocol_violation", "auth_failed", "slow",
	"lost", "timeout", "too_big", "rate", "internal", "expired",
}

// String returns the reason as logs and metrics show it.
func (r CloseReason) String() string {
	if int(r) < NumReasons {
		return closeNames[r]
	}
	return "unknown"
}

// Retry reports whether the client should come again: the cause is not the client's, or passes.
func (r CloseReason) Retry() bool {
	switch r {
	case CloseShutdown, CloseSlow, CloseTimeout, CloseExpired, CloseLost, CloseInternal:
		return true
	default:
		return false
	}
}

// CloseReasons lists all reasons but CloseNone.
func CloseReasons() []CloseReason {
	all := make([]CloseReason, 0, NumReasons-1)
	for r := CloseGoodbye; int(r) < NumReasons; r++ {
		all = append(all, r)
	}
	return all
}

// CloseInfo tells how a conversation was closed. The transport closes the connection with it after it has
// written the last frame.
type CloseInfo struct {
	Reason CloseReason
	Text   string // for people to read; may be shown to the client
}

// ErrClosed is wrapped by every error that reports a closed conversation.
var ErrClosed = errors.New("the conversation is over")

// Err returns the info as an error that wraps [ErrClosed].
func (e CloseInfo) Err() error {
	if e.Text == "" {
		return fmt.Errorf("%w: %s", ErrClosed, e.Reason)
	}
	return fmt.Errorf("%w: %s: %s", ErrClosed, e.Reason, e.Text)
}
