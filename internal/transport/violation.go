package transport

import (
	"fmt"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/router"
)

// Codes that RFC 6455 has no name for, from the registry that it founded.
const statusTryAgainLater ws.StatusCode = 1013

// violation is what a client did that ends its connection, and how it is told.
type violation struct {
	code   ws.StatusCode
	reason router.CloseReason
	text   string
}

func (v *violation) Error() string { return fmt.Sprintf("%d %s", v.code, v.text) }

func badFrame(text string) *violation {
	return &violation{ws.StatusProtocolError, router.CloseProtocolViolation, text}
}

func badData(text string) *violation {
	return &violation{ws.StatusInvalidFramePayloadData, router.CloseProtocolViolation, text}
}

func tooBig(limit int) *violation {
	return &violation{
		ws.StatusMessageTooBig, router.CloseTooBig,
		fmt.Sprintf("a message may have %d bytes at most", limit),
	}
}
