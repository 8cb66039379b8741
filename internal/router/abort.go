package router

import (
	"errors"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// abort sends ABORT and ends the conversation.
func (c *Client) abort(failure *wamp.Failure, reason outbox.CloseReason) {
	c.finish(sender.Abort(failure), outbox.CloseInfo{Reason: reason, Text: failure.Message})
}

// fail ends the conversation because of the error of a step.
func (c *Client) fail(err error) {
	var failure *wamp.Failure
	switch {
	case !errors.As(err, &failure):
		c.router.options.Logger.Error("a client's message was not handled", "error", err, "address", c.peer.RemoteAddr)
		c.abort(internalFailure(), outbox.CloseInternal)
	case failure.URI == wamp.CloseSystemShutdown:
		c.abort(failure, outbox.CloseShutdown)
	case failure.URI == wamp.ErrProtocolViolation || c.Established():
		c.abort(failure, outbox.CloseProtocolViolation)
	default:
		c.abort(failure, outbox.CloseAuthFailed)
	}
}

// internalFailure returns what a client is told of a fault of the server; the log has the details.
func internalFailure() *wamp.Failure {
	return wamp.Fail(ErrInternal, "the server failed on this message")
}
