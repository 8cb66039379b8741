package wamp

// newMessage returns an empty message with the code, and false if no message has the code.
func newMessage(code uint64) (Message, bool) {
	switch {
	case code < uint64(len(constructors)) && constructors[code] != nil:
		return constructors[code](), true
	case code == uint64(CodeEventReceived):
		return new(EventReceived), true
	default:
		return nil, false
	}
}

// constructors maps the code of a message to its constructor.
var constructors = [...]func() Message{
	CodeHello:        func() Message { return new(Hello) },
	CodeWelcome:      func() Message { return new(Welcome) },
	CodeAbort:        func() Message { return new(Abort) },
	CodeChallenge:    func() Message { return new(Challenge) },
	CodeAuthenticate: func() Message { return new(Authenticate) },
	CodeGoodbye:      func() Message { return new(Goodbye) },
	CodeError:        func() Message { return new(Error) },
	CodePublish:      func() Message { return new(Publish) },
	CodePublished:    func() Message { return new(Published) },
	CodeSubscribe:    func() Message { return new(Subscribe) },
	CodeSubscribed:   func() Message { return new(Subscribed) },
	CodeUnsubscribe:  func() Message { return new(Unsubscribe) },
	CodeUnsubscribed: func() Message { return new(Unsubscribed) },
	CodeEvent:        func() Message { return new(Event) },
	CodeCall:         func() Message { return new(Call) },
	CodeCancel:       func() Message { return new(Cancel) },
	CodeResult:       func() Message { return new(Result) },
	CodeRegister:     func() Message { return new(Register) },
	CodeRegistered:   func() Message { return new(Registered) },
	CodeUnregister:   func() Message { return new(Unregister) },
	CodeUnregistered: func() Message { return new(Unregistered) },
	CodeInvocation:   func() Message { return new(Invocation) },
	CodeInterrupt:    func() Message { return new(Interrupt) },
	CodeYield:        func() Message { return new(Yield) },
}

// layout reads or writes the elements of a message, and returns false if m is not a message of version 2.
// A switch calls the methods directly: a call through an interface would move the coder to the heap.
func (c *coder) layout(m Message) bool {
	switch m := m.(type) {
	case *Hello:
		m.layout(c)
	case *Welcome:
		m.layout(c)
	case *Abort:
		m.layout(c)
	case *Challenge:
		m.layout(c)
	case *Authenticate:
		m.layout(c)
	case *Goodbye:
		m.layout(c)
	case *Error:
		m.layout(c)
	case *Publish:
		m.layout(c)
	case *Published:
		m.layout(c)
	case *Subscribe:
		m.layout(c)
	case *Subscribed:
		m.layout(c)
	case *Unsubscribe:
		m.layout(c)
	case *Unsubscribed:
		m.layout(c)
	case *Event:
		m.layout(c)
	case *EventReceived:
		m.layout(c)
	case *Call:
		m.layout(c)
	case *Cancel:
		m.layout(c)
	case *Result:
		m.layout(c)
	case *Register:
		m.layout(c)
	case *Registered:
		m.layout(c)
	case *Unregister:
		m.layout(c)
	case *Unregistered:
		m.layout(c)
	case *Invocation:
		m.layout(c)
	case *Interrupt:
		m.layout(c)
	case *Yield:
		m.layout(c)
	default:
		return false
	}
	return true
}
