package wamp

// Message is one WAMP message. Only the code that made a message may write to it, before it passes the
// message on.
type Message interface {
	Code() Code
}

// Dict holds Options or Details. Values are nil, bool, int64, uint64 (only above the range of int64),
// float64, string, []byte, []any and Dict, at any depth.
//
// The known keys of a decoded dict have values of the right type: decoding refuses other types as a protocol
// violation. Unknown keys are kept for the application (WAMP, "Options and Details").
type Dict map[string]any

// The messages that open and close a session (WAMP, "Session Lifecycle").
type (
	Hello struct {
		Realm   URI
		Details Dict
	}
	Welcome struct {
		Session ID
		Details Dict
	}
	Abort struct {
		Details Dict
		Reason  URI
		Payload Payload
	}
	Challenge struct {
		Method string
		Extra  Dict
	}
	Authenticate struct {
		Signature string
		Extra     Dict
	}
	Goodbye struct {
		Details Dict
		Reason  URI
	}
	// Error answers the request of type RequestType with the id Request.
	Error struct {
		RequestType Code
		Request     ID
		Details     Dict
		Error       URI
		Payload     Payload
	}
)

// The messages of publish and subscribe (WAMP, "Publish and Subscribe").
type (
	Publish struct {
		Request ID
		Options Dict
		Topic   URI
		Payload Payload
	}
	Published struct {
		Request     ID
		Publication ID
	}
	Subscribe struct {
		Request ID
		Options Dict
		Topic   URI
	}
	// Subscribed has Details only as an answer to options of Tidings.
	Subscribed struct {
		Request      ID
		Subscription ID
		Details      Dict
	}
	Unsubscribe struct {
		Request      ID
		Subscription ID
	}
	// Unsubscribed with Request 0 revokes the subscription that Details names.
	Unsubscribed struct {
		Request ID
		Details Dict
	}
	// Event has Topic for version 1, which addresses events by topic. Version 2 does not
	// send it; the router sets Details["topic"] where a subscriber needs it.
	Event struct {
		Subscription ID
		Publication  ID
		Details      Dict
		Payload      Payload
		Topic        URI
	}
	// EventReceived is Autobahn's acknowledgement of an EVENT. The router never asks for it and ignores it.
	EventReceived struct {
		Publication ID
	}
)

// The messages of routed calls (WAMP, "Remote Procedure Calls").
type (
	Call struct {
		Request   ID
		Options   Dict
		Procedure URI
		Payload   Payload
	}
	Cancel struct {
		Request ID
		Options Dict
	}
	Result struct {
		Request ID
		Details Dict
		Payload Payload
	}
	Register struct {
		Request   ID
		Options   Dict
		Procedure URI
	}
	Registered struct {
		Request      ID
		Registration ID
	}
	Unregister struct {
		Request      ID
		Registration ID
	}
	// Unregistered with Request 0 revokes the registration that Details names.
	Unregistered struct {
		Request ID
		Details Dict
	}
	Invocation struct {
		Request      ID
		Registration ID
		Details      Dict
		Payload      Payload
	}
	Interrupt struct {
		Request ID
		Options Dict
	}
	Yield struct {
		Request ID
		Options Dict
		Payload Payload
	}
)

func (*Hello) Code() Code         { return CodeHello }
func (*Welcome) Code() Code       { return CodeWelcome }
func (*Abort) Code() Code         { return CodeAbort }
func (*Challenge) Code() Code     { return CodeChallenge }
func (*Authenticate) Code() Code  { return CodeAuthenticate }
func (*Goodbye) Code() Code       { return CodeGoodbye }
func (*Error) Code() Code         { return CodeError }
func (*Publish) Code() Code       { return CodePublish }
func (*Published) Code() Code     { return CodePublished }
func (*Subscribe) Code() Code     { return CodeSubscribe }
func (*Subscribed) Code() Code    { return CodeSubscribed }
func (*Unsubscribe) Code() Code   { return CodeUnsubscribe }
func (*Unsubscribed) Code() Code  { return CodeUnsubscribed }
func (*Event) Code() Code         { return CodeEvent }
func (*EventReceived) Code() Code { return CodeEventReceived }
func (*Call) Code() Code          { return CodeCall }
func (*Cancel) Code() Code        { return CodeCancel }
func (*Result) Code() Code        { return CodeResult }
func (*Register) Code() Code      { return CodeRegister }
func (*Registered) Code() Code    { return CodeRegistered }
func (*Unregister) Code() Code    { return CodeUnregister }
func (*Unregistered) Code() Code  { return CodeUnregistered }
func (*Invocation) Code() Code    { return CodeInvocation }
func (*Interrupt) Code() Code     { return CodeInterrupt }
func (*Yield) Code() Code         { return CodeYield }
