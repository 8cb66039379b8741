package wamp

// A laidOut message knows its elements; every message of this package does.
type laidOut interface {
	Message
	layout(c *coder)
}

// newMessage makes an empty message with a code.
func newMessage(code uint64) (laidOut, bool) {
	switch {
	case code < uint64(len(makers)) && makers[code] != nil:
		return makers[code](), true
	case code == uint64(CodeEventReceived):
		return new(EventReceived), true
	default:
		return nil, false
	}
}

// makers has the messages at their codes.
var makers = [...]func() laidOut{
	CodeHello:        func() laidOut { return new(Hello) },
	CodeWelcome:      func() laidOut { return new(Welcome) },
	CodeAbort:        func() laidOut { return new(Abort) },
	CodeChallenge:    func() laidOut { return new(Challenge) },
	CodeAuthenticate: func() laidOut { return new(Authenticate) },
	CodeGoodbye:      func() laidOut { return new(Goodbye) },
	CodeError:        func() laidOut { return new(Error) },
	CodePublish:      func() laidOut { return new(Publish) },
	CodePublished:    func() laidOut { return new(Published) },
	CodeSubscribe:    func() laidOut { return new(Subscribe) },
	CodeSubscribed:   func() laidOut { return new(Subscribed) },
	CodeUnsubscribe:  func() laidOut { return new(Unsubscribe) },
	CodeUnsubscribed: func() laidOut { return new(Unsubscribed) },
	CodeEvent:        func() laidOut { return new(Event) },
	CodeCall:         func() laidOut { return new(Call) },
	CodeCancel:       func() laidOut { return new(Cancel) },
	CodeResult:       func() laidOut { return new(Result) },
	CodeRegister:     func() laidOut { return new(Register) },
	CodeRegistered:   func() laidOut { return new(Registered) },
	CodeUnregister:   func() laidOut { return new(Unregister) },
	CodeUnregistered: func() laidOut { return new(Unregistered) },
	CodeInvocation:   func() laidOut { return new(Invocation) },
	CodeInterrupt:    func() laidOut { return new(Interrupt) },
	CodeYield:        func() laidOut { return new(Yield) },
}
