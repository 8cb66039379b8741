package router

import (
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// CloseReason says why a conversation ended.
type CloseReason uint8

// Why conversations end. Each has a counter in [Stats].
const (
	CloseNone              CloseReason = iota // it has not ended
	CloseGoodbye                              // the client said GOODBYE
	CloseAborted                              // the client sent ABORT
	CloseShutdown                             // the server stops
	CloseKilled                               // a component or an operator ended the session
	CloseProtocolViolation                    // the client broke the protocol
	CloseAuthFailed                           // HELLO or AUTHENTICATE was refused
	CloseSlow                                 // the outbox was over its limit
	CloseLost                                 // the transport broke
	CloseTimeout                              // a deadline passed
	CloseTooBig                               // a message was over the transport's limit
	CloseRate                                 // more was sent than the server is willing to read
	CloseInternal                             // our own fault; it is in the log
	closeReasons
)

var closeNames = [closeReasons]string{
	"none", "goodbye", "aborted", "shutdown", "killed", "protocol_violation", "auth_failed", "slow",
	"lost", "timeout", "too_big", "rate", "internal",
}

// String gives the reason as logs and metrics show it.
func (r CloseReason) String() string {
	if r < closeReasons {
		return closeNames[r]
	}
	return "unknown"
}

// CloseReasons lists all reasons, for who registers a counter for each.
func CloseReasons() []CloseReason {
	all := make([]CloseReason, 0, closeReasons-1)
	for r := CloseGoodbye; r < closeReasons; r++ {
		all = append(all, r)
	}
	return all
}

// Ending is how a conversation ended. The transport closes with it after the last frame is written.
type Ending struct {
	Reason CloseReason
	Text   string // for people to read; may be shown to the client
}

// ErrInternal is what clients are told about a fault of ours.
const ErrInternal wamp.URI = "tidings.error.internal"

// ErrEnded is what [Client.Receive] wraps once the conversation is over.
var ErrEnded = errors.New("the conversation is over")

func (e Ending) err() error {
	if e.Text == "" {
		return fmt.Errorf("%w: %s", ErrEnded, e.Reason)
	}
	return fmt.Errorf("%w: %s: %s", ErrEnded, e.Reason, e.Text)
}
