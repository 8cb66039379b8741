package wamp

// RequestID returns the id of a request that a router answers, else 0.
func RequestID(message Message) ID {
	switch m := message.(type) {
	case *Subscribe:
		return m.Request
	case *Unsubscribe:
		return m.Request
	case *Publish:
		return m.Request
	case *Register:
		return m.Request
	case *Unregister:
		return m.Request
	case *Call:
		return m.Request
	}
	return 0
}
