package transport

import (
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// How connections close (RFC 6455, 7). Everything that ends one goes through begin, once.
//
//	who decides                     code       then
//	conversation ended (Ending)     endCodes   the client's close frame is awaited
//	... and the client had better   none       at once, where the protocol says so (EndsSilently)
//	    come again
//	... or the client broke the     none       half-closed, where there is no close frame (EndsPlainly)
//	    framing
//	client broke RFC 6455           violation  nothing is understood any more: what comes is discarded
//	client sent a close frame       the same   at once
//	deadline passed                 1008       the client's close frame is awaited
//	write failed                    none       at once
//
// Whatever is awaited, Limits.Close after begin the socket is closed.

// closing is how a connection closes.
type closing struct {
	reason  router.CloseReason
	code    frame.Code // for the counters; frame.CodeLost if no close frame was exchanged
	frame   []byte     // nil: none is sent
	then    afterClose
	flush   bool // what is queued goes out first
	taken   bool // by who writes
	written bool
}

// afterClose says what follows when the close frame is written.
type afterClose uint8

const (
	endAwaiting afterClose = iota // the client's close frame
	endReading                    // half-closed, until the client closes
	endAtOnce
)

// endCode is the code that tells how a conversation ended, and whether the client had better come again.
type endCode struct {
	code  frame.Code
	retry bool
}

func endCodeOf(reason router.CloseReason) endCode {
	switch reason {
	case router.CloseGoodbye, router.CloseAborted, router.CloseNone:
		return endCode{frame.CodeNormal, false}
	case router.CloseShutdown:
		return endCode{frame.CodeGoingAway, true}
	case router.CloseKilled, router.CloseAuthFailed, router.CloseRate:
		return endCode{frame.CodePolicy, false}
	case router.CloseProtocolViolation:
		return endCode{frame.CodeProtocolError, false}
	case router.CloseSlow:
		return endCode{frame.CodeTryAgainLater, true}
	case router.CloseTimeout:
		return endCode{frame.CodePolicy, true}
	case router.CloseTooBig:
		return endCode{frame.CodeTooBig, false}
	case router.CloseLost:
		return endCode{frame.CodeGoingAway, true}
	case router.CloseInternal:
		return endCode{frame.CodeInternal, true}
	}
	return endCode{frame.CodeInternal, true}
}

// closingOf translates the end of a conversation for the clients of the connection's protocol.
func (c *conn) closingOf(ending router.CloseInfo) closing {
	end := endCodeOf(ending.Reason)
	switch {
	case c.protocol.Ends == EndsPlainly:
		return closing{reason: ending.Reason, code: frame.CodeLost, then: endReading}
	case c.protocol.Ends == EndsSilently && end.retry:
		return closing{reason: ending.Reason, code: frame.CodeLost, then: endAtOnce}
	}
	return closing{reason: ending.Reason, code: end.code, frame: frame.Close(end.code, ending.Text)}
}

// begin starts to close. The first reason stands.
func (c *conn) begin(end closing) (first bool) {
	c.mu.Lock()
	if c.closing != nil || c.shut {
		c.mu.Unlock()
		return false
	}
	c.closing = &end
	c.control.Store(true)
	c.mu.Unlock()
	c.closeDeadline.Store(int64(c.server.now() + c.server.limits.Close))
	c.ctx.end()
	c.Wake()
	return true
}

// fail ends the connection of a client that broke the rules. Called by the reader.
func (c *conn) fail(wrong *frame.Violation) {
	reason := reasonOf(wrong)
	end := closing{reason: reason, code: frame.CodeLost, then: endReading}
	if c.protocol.Ends != EndsPlainly {
		end.code, end.frame = wrong.Code, frame.Close(wrong.Code, wrong.Text)
	}
	c.begin(end)
	c.conv.Closed(reason)
}

func reasonOf(wrong *frame.Violation) router.CloseReason {
	if wrong.Code == frame.CodeTooBig {
		return router.CloseTooBig
	}
	return router.CloseProtocolViolation
}

// timeOut ends the connection of a client that took too long. Called by the ticker, which must not
// wait for the conversation: the reader is sent there.
func (c *conn) timeOut(text string) {
	if c.begin(c.closingOf(router.CloseInfo{Reason: router.CloseTimeout, Text: text})) {
		c.socket.wake()
	}
}

// drop ends a connection without a word: it cannot be written to, or there is no time.
func (c *conn) drop(reason router.CloseReason) {
	c.begin(closing{reason: reason, code: frame.CodeLost, then: endAtOnce})
	how := closeHard
	if reason == router.CloseSlow { // the kernel would go on offering what is not wanted
		how = closeReset
	}
	c.shutDown(how)
}

// closedByPeer answers the client's close frame, or completes the handshake if ours was first.
func (c *conn) closedByPeer(payload []byte) *frame.Violation {
	code, wrong := frame.ParseClose(payload)
	if wrong != nil {
		return wrong
	}
	answer := frame.AnswerClose(payload)
	if c.begin(closing{reason: router.CloseLost, code: code, frame: answer, then: endAtOnce, flush: true}) {
		return nil // the conversation hears of it when all is written: retire
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

// closingFor tells whether the connection is closing, and why.
func (c *conn) closingFor() (router.CloseReason, bool) {
	if c.closeDeadline.Load() == 0 {
		return router.CloseNone, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == nil {
		return router.CloseNone, false
	}
	return c.closing.reason, true
}

// closeWritten does what follows the close frame. Called by who has the turn, and keeps it.
func (c *conn) closeWritten() {
	c.mu.Lock()
	c.closing.written = true
	then := c.closing.then
	c.mu.Unlock()
	switch then {
	case endAwaiting:
	case endReading:
		c.socket.closeWrite()
	case endAtOnce:
		c.close()
	}
}
