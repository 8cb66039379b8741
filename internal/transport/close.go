package transport

import (
	"fmt"

	"github.com/tidings-io/tidings/internal/netpoll"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// How connections close (RFC 6455, 7). Everything that ends one goes through begin, once.
//
//	reason                          code       then
//	conversation ended              codeOf     the client's close frame is awaited
//	... and the client should       none       at once, if the protocol says so (EndsSilently); not for
//	    reconnect                              CloseExpired: its ticket was used, so coming again would fail
//	... or broke the framing        none       half-closed, if there are no close frames (EndsPlainly)
//	client broke RFC 6455           violation  what follows is read and discarded
//	client sent a close frame       the same   at once
//	deadline passed                 1008       the client's close frame is awaited
//	write failed                    none       at once
//
// In every case the socket is closed Limits.Close after begin at the latest.

// closing describes the end of a connection.
type closing struct {
	reason  outbox.CloseReason
	code    frame.Code // for the counters; frame.CodeLost if no close frame was exchanged
	frame   []byte     // nil: none is sent
	then    afterClose
	flush   bool // what is queued is written first
	taken   bool // by the writer
	written bool
}

// afterClose says what follows when the close frame is written.
type afterClose uint8

const (
	endAwaiting afterClose = iota // the client's close frame
	endReading                    // half-closed, until the client closes
	endAtOnce
)

// codeOf returns the code that tells how a conversation ended.
func codeOf(reason outbox.CloseReason) frame.Code {
	switch reason {
	case outbox.CloseGoodbye, outbox.CloseAborted, outbox.CloseNone:
		return frame.CodeNormal
	case outbox.CloseShutdown, outbox.CloseLost:
		return frame.CodeGoingAway
	case outbox.CloseKilled, outbox.CloseAuthFailed, outbox.CloseRate, outbox.CloseTimeout, outbox.CloseExpired:
		return frame.CodePolicy
	case outbox.CloseProtocolViolation:
		return frame.CodeProtocolError
	case outbox.CloseSlow:
		return frame.CodeTryAgainLater
	case outbox.CloseTooBig:
		return frame.CodeTooBig
	case outbox.CloseInternal:
		return frame.CodeInternal
	}
	return frame.CodeInternal
}

// closingOf translates the end of a conversation for the clients of the connection's protocol.
func (c *conn) closingOf(ending outbox.CloseInfo) closing {
	code := codeOf(ending.Reason)
	switch {
	case c.protocol.Ends == EndsPlainly:
		return closing{reason: ending.Reason, code: frame.CodeLost, then: endReading}
	case c.protocol.Ends == EndsSilently && ending.Reason.Retry() && ending.Reason != outbox.CloseExpired:
		return closing{reason: ending.Reason, code: frame.CodeLost, then: endAtOnce}
	}
	return closing{reason: ending.Reason, code: code, frame: frame.Close(code, ending.Text)}
}

// begin starts to close. Only the first call has an effect.
func (c *conn) begin(end closing) (first bool) {
	c.mu.Lock()
	if c.closing != nil || c.shut {
		c.mu.Unlock()
		return false
	}
	c.closing = &end
	c.control.Store(true)
	c.mu.Unlock()
	c.closeDeadline.Store(int64(c.server.now() + c.server.limits().Close))
	c.ctx.end()
	c.Wake()
	return true
}

// fail ends the connection of a client that broke the rules. Only the reader may call it.
func (c *conn) fail(wrong *frame.Violation) {
	reason := reasonOf(wrong)
	if reason == outbox.CloseTooBig && !c.joined {
		wrong.Text = tooBigToJoin(c.rules.MaxMessage)
	}
	if reason == outbox.CloseTooBig && c.protocol.Ends == EndsPlainly {
		c.conv.Refuse(outbox.CloseInfo{Reason: reason, Text: wrong.Text}) // the writer closes, when it has taken that
		return
	}
	end := closing{reason: reason, code: frame.CodeLost, then: endReading}
	if c.protocol.Ends != EndsPlainly {
		end.code, end.frame = wrong.Code, frame.Close(wrong.Code, wrong.Text)
	}
	c.begin(end)
	c.conv.Closed(reason)
}

// tooBigToJoin returns the text for a client that has not joined and sends a message of more than limit bytes.
func tooBigToJoin(limit int) string {
	return fmt.Sprintf("until the session is open a message may have %d bytes at most (limits.handshake_bytes)", limit)
}

func reasonOf(wrong *frame.Violation) outbox.CloseReason {
	if wrong.Code == frame.CodeTooBig {
		return outbox.CloseTooBig
	}
	return outbox.CloseProtocolViolation
}

// timeOut ends the connection of a client that took too long. The ticker calls it and must not wait for the
// conversation, so it wakes the reader, which tells the conversation.
func (c *conn) timeOut(text string) {
	if c.begin(c.closingOf(outbox.CloseInfo{Reason: outbox.CloseTimeout, Text: text})) {
		c.socket.Wake()
	}
}

// drop ends a connection without a close frame: it cannot be written to, or there is no time.
func (c *conn) drop(reason outbox.CloseReason) {
	c.begin(closing{reason: reason, code: frame.CodeLost, then: endAtOnce})
	mode := netpoll.CloseHard
	if reason == outbox.CloseSlow { // the kernel would go on sending to a client that does not read
		mode = netpoll.CloseReset
	}
	c.shutDown(mode)
}

// closedByPeer answers the client's close frame, or completes the handshake if the server's came first.
func (c *conn) closedByPeer(payload []byte) *frame.Violation {
	code, wrong := frame.ParseClose(payload)
	if wrong != nil {
		return wrong
	}
	answer, reason := frame.AnswerClose(payload), outbox.CloseLost
	if c.protocol.Ends == EndsSilently { // its clients have no other message for the end
		reason = outbox.CloseGoodbye
	}
	if c.begin(closing{reason: reason, code: code, frame: answer, then: endAtOnce, flush: true}) {
		return nil // Closed tells the conversation, when all is written
	}
	c.mu.Lock()
	if c.closing != nil {
		c.closing.then = endAtOnce
	}
	done := c.closing != nil && c.closing.written
	c.mu.Unlock()
	if done {
		c.close()
	}
	return nil
}

// closingFor returns why the connection is closing, and false if it is not.
func (c *conn) closingFor() (outbox.CloseReason, bool) {
	if c.closeDeadline.Load() == 0 {
		return outbox.CloseNone, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == nil {
		return outbox.CloseNone, false
	}
	return c.closing.reason, true
}

// closeWritten does what follows the close frame. Only the writer may call it. It does not reset wakes, so nothing is
// written any more.
func (c *conn) closeWritten() {
	c.mu.Lock()
	c.closing.written = true
	then := c.closing.then
	c.mu.Unlock()
	switch then {
	case endAwaiting:
	case endReading:
		c.socket.CloseWrite()
	case endAtOnce:
		c.close()
	}
}
