package wamp

const (
	// headSize fits a code, two ids and the punctuation.
	headSize = 48
	// entrySize fits most entries of Options and Details, which are flags, ids and names.
	entrySize = 48
	// welcomeSize fits the features that a router announces.
	welcomeSize = 1024
)

// sizeHint estimates the bytes of a message's frame, so that the frame is allocated once. A longer frame
// grows.
func sizeHint(m Message) int {
	switch m := m.(type) {
	case *Event:
		return payloadSizeHint(m.Payload, m.Details, "")
	case *Publish:
		return payloadSizeHint(m.Payload, m.Options, m.Topic)
	case *Invocation:
		return payloadSizeHint(m.Payload, m.Details, "")
	case *Call:
		return payloadSizeHint(m.Payload, m.Options, m.Procedure)
	case *Yield:
		return payloadSizeHint(m.Payload, m.Options, "")
	case *Result:
		return payloadSizeHint(m.Payload, m.Details, "")
	case *Error:
		return payloadSizeHint(m.Payload, m.Details, m.Error)
	case *Welcome:
		return welcomeSize
	default:
		return headSize
	}
}

func payloadSizeHint(p Payload, d Dict, uri URI) int {
	return headSize + len(p.Args) + len(p.Kwargs) + len(d)*entrySize + len(uri)
}
