package transport

import (
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/router"
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
	code    ws.StatusCode // for the counters; statusNone if no close frame was exchanged
	frame   []byte        // nil: none is sent
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

// statusNone stands for a connection that was lost without a close frame.
const statusNone = ws.StatusAbnormalClosure

// endCode is the code that tells how a conversation ended, and whether the client had better come again.
type endCode struct {
	code  ws.StatusCode
	retry bool
}

func endCodeOf(reason router.CloseReason) endCode {
	switch reason {
	case router.CloseGoodbye, router.CloseAborted, router.CloseNone:
		return endCode{ws.StatusNormalClosure, false}
	case router.CloseShutdown:
		return endCode{ws.StatusGoingAway, true}
	case router.CloseKilled, router.CloseAuthFailed, router.CloseRate:
		return endCode{ws.StatusPolicyViolation, false}
	case router.CloseProtocolViolation:
		return endCode{ws.StatusProtocolError, false}
	case router.CloseSlow:
		return endCode{statusTryAgainLater, true}
	case router.CloseTimeout:
		return endCode{ws.StatusPolicyViolation, true}
	case router.CloseTooBig:
		return endCode{ws.StatusMessageTooBig, false}
	case router.CloseLost:
		return endCode{ws.StatusGoingAway, true}
	case router.CloseInternal:
		return endCode{ws.StatusInternalServerError, true}
	}
	return endCode{ws.StatusInternalServerError, true}
}

// closingOf translates the end of a conversation for the clients of the connection's protocol.
func (c *conn) closingOf(ending router.CloseInfo) closing {
	end := endCodeOf(ending.Reason)
	switch {
	case c.protocol.Ends == EndsPlainly:
		return closing{reason: ending.Reason, code: statusNone, then: endReading}
	case c.protocol.Ends == EndsSilently && end.retry:
		return closing{reason: ending.Reason, code: statusNone, then: endAtOnce}
	}
	return closing{reason: ending.Reason, code: end.code, frame: closeFrame(end.code, ending.Text)}
}

// maxCloseText is what a close frame has room for besides the code.
const maxCloseText = ws.MaxControlFramePayloadSize - 2

func closeFrame(code ws.StatusCode, text string) []byte {
	if len(text) > maxCloseText {
		cut := maxCloseText
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	if !utf8.ValidString(text) {
		text = ""
	}
	return controlFrame(ws.OpClose, ws.NewCloseFrameBody(code, text))
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
func (c *conn) fail(wrong *violation) {
	end := closing{reason: wrong.reason, code: statusNone, then: endReading}
	if c.protocol.Ends != EndsPlainly {
		end.code, end.frame = wrong.code, closeFrame(wrong.code, wrong.text)
	}
	c.begin(end)
	c.conv.Closed(wrong.reason)
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
	c.begin(closing{reason: reason, code: statusNone, then: endAtOnce})
	how := closeHard
	if reason == router.CloseSlow { // the kernel would go on offering what is not wanted
		how = closeReset
	}
	c.shutDown(how)
}

// closedByPeer answers the client's close frame, or completes the handshake if ours was first.
func (c *conn) closedByPeer(payload []byte) *violation {
	code, wrong := parseClose(payload)
	if wrong != nil {
		return wrong
	}
	answer := controlFrame(ws.OpClose, payload[:min(2, len(payload))])
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

// parseClose checks the payload of a close frame (RFC 6455, 5.5.1, 7.4).
func parseClose(payload []byte) (ws.StatusCode, *violation) {
	if len(payload) == 0 {
		return ws.StatusNoStatusRcvd, nil
	}
	if len(payload) == 1 {
		return 0, badFrame("a close frame has half a code")
	}
	code, reason := ws.ParseCloseFrameData(payload)
	switch {
	case code >= 3000 && code <= 4999, code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
	default:
		return 0, badFrame("a close frame has a code that must not be sent")
	}
	if !utf8.ValidString(reason) {
		return 0, badData("the text of a close frame is not valid UTF-8")
	}
	return code, nil
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
