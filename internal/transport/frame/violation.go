package frame

import (
	"fmt"

	"github.com/gobwas/ws"
)

// Violation says what a client did that ends its connection. Code and Text go into the close frame.
type Violation struct {
	Code Code
	Text string
}

// Error implements error.
func (v *Violation) Error() string { return fmt.Sprintf("%d %s", v.Code, v.Text) }

func badFrame(text string) *Violation { return &Violation{ws.StatusProtocolError, text} }

func badData(text string) *Violation { return &Violation{ws.StatusInvalidFramePayloadData, text} }

// TooBig returns the violation of a message with more than limit bytes.
func TooBig(limit int) *Violation {
	return &Violation{ws.StatusMessageTooBig, fmt.Sprintf("a message may have %d bytes at most", limit)}
}
