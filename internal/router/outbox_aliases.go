package router

import (
	"github.com/tidings-io/tidings/internal/router/outbox"
)

// The outbox's words that every user of the router needs.
type (
	CloseReason = outbox.CloseReason
	CloseInfo   = outbox.CloseInfo
	Outbox      = outbox.Outbox
	Taken       = outbox.Taken
	Waker       = outbox.Waker
	WakeFunc    = outbox.WakeFunc
)

// The reasons for which a conversation closes; see [outbox.CloseReason].
const (
	CloseNone              = outbox.CloseNone
	CloseGoodbye           = outbox.CloseGoodbye
	CloseAborted           = outbox.CloseAborted
	CloseShutdown          = outbox.CloseShutdown
	CloseKilled            = outbox.CloseKilled
	CloseProtocolViolation = outbox.CloseProtocolViolation
	CloseAuthFailed        = outbox.CloseAuthFailed
	CloseSlow              = outbox.CloseSlow
	CloseLost              = outbox.CloseLost
	CloseTimeout           = outbox.CloseTimeout
	CloseTooBig            = outbox.CloseTooBig
	CloseRate              = outbox.CloseRate
	CloseInternal          = outbox.CloseInternal
	CloseExpired           = outbox.CloseExpired
)

// CloseReasons lists all reasons but CloseNone.
func CloseReasons() []CloseReason { return outbox.CloseReasons() }

// ErrClosed is wrapped by the errors of [Client.Receive] once the conversation is closed.
var ErrClosed = outbox.ErrClosed
