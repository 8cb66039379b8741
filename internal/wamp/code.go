package wamp

import "strconv"

// Code is the type of a message, the first element of every frame (WAMP, "Message Codes").
type Code uint16

// The messages of the basic and the advanced profile.
const (
	CodeHello        Code = 1
	CodeWelcome      Code = 2
	CodeAbort        Code = 3
	CodeChallenge    Code = 4
	CodeAuthenticate Code = 5
	CodeGoodbye      Code = 6
	CodeError        Code = 8
	CodePublish      Code = 16
	CodePublished    Code = 17
	CodeSubscribe    Code = 32
	CodeSubscribed   Code = 33
	CodeUnsubscribe  Code = 34
	CodeUnsubscribed Code = 35
	CodeEvent        Code = 36
	CodeCall         Code = 48
	CodeCancel       Code = 49
	CodeResult       Code = 50
	CodeRegister     Code = 64
	CodeRegistered   Code = 65
	CodeUnregister   Code = 66
	CodeUnregistered Code = 67
	CodeInvocation   Code = 68
	CodeInterrupt    Code = 69
	CodeYield        Code = 70

	// CodeEventReceived is in the specification's test vectors, but not in its text.
	CodeEventReceived Code = 337
)

var codeNames = map[Code]string{
	CodeHello: "HELLO", CodeWelcome: "WELCOME", CodeAbort: "ABORT", CodeChallenge: "CHALLENGE",
	CodeAuthenticate: "AUTHENTICATE", CodeGoodbye: "GOODBYE", CodeError: "ERROR",
	CodePublish: "PUBLISH", CodePublished: "PUBLISHED", CodeSubscribe: "SUBSCRIBE",
	CodeSubscribed: "SUBSCRIBED", CodeUnsubscribe: "UNSUBSCRIBE", CodeUnsubscribed: "UNSUBSCRIBED",
	CodeEvent: "EVENT", CodeCall: "CALL", CodeCancel: "CANCEL", CodeResult: "RESULT",
	CodeRegister: "REGISTER", CodeRegistered: "REGISTERED", CodeUnregister: "UNREGISTER",
	CodeUnregistered: "UNREGISTERED", CodeInvocation: "INVOCATION", CodeInterrupt: "INTERRUPT",
	CodeYield: "YIELD", CodeEventReceived: "EVENT_RECEIVED",
}

// String returns the specification's name of the message, or the number of an unknown code.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return strconv.Itoa(int(c))
}

// isRequest reports whether an ERROR can answer the message. The specification has no ERROR for a
// CANCEL or a YIELD, but existing routers send them.
func (c Code) isRequest() bool {
	switch c {
	case CodePublish, CodeSubscribe, CodeUnsubscribe, CodeCall, CodeCancel, CodeRegister,
		CodeUnregister, CodeInvocation, CodeYield:
		return true
	default:
		return false
	}
}
