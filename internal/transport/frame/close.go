package frame

import (
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Code is the status code of a close frame (RFC 6455, 7.4).
type Code = ws.StatusCode

// The codes that transport uses.
const (
	CodeNormal        Code = ws.StatusNormalClosure
	CodeGoingAway     Code = ws.StatusGoingAway
	CodeProtocolError Code = ws.StatusProtocolError
	CodeNone          Code = ws.StatusNoStatusRcvd    // a close frame without a code
	CodeLost          Code = ws.StatusAbnormalClosure // no close frame
	CodePolicy        Code = ws.StatusPolicyViolation
	CodeTooBig        Code = ws.StatusMessageTooBig
	CodeInternal      Code = ws.StatusInternalServerError
	CodeTryAgainLater Code = 1013 // from the registry that RFC 6455 founded
)

// maxCloseText is the room of a close frame for text, besides the code.
const maxCloseText = ws.MaxControlFramePayloadSize - 2

// Close returns a close frame. Text that is too long is cut between two characters, and text that is not UTF-8 is
// left out.
func Close(code Code, text string) []byte {
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
	return control(ws.OpClose, ws.NewCloseFrameBody(code, text))
}

// AnswerClose returns the close frame that answers one with that payload: it repeats the code.
func AnswerClose(payload []byte) []byte { return control(ws.OpClose, payload[:min(2, len(payload))]) }

// ParseClose checks the payload of a close frame (RFC 6455, 5.5.1, 7.4) and returns its code.
func ParseClose(payload []byte) (Code, *Violation) {
	if len(payload) == 0 {
		return CodeNone, nil
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
