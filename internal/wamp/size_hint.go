package wamp

const (
	// headRoom is enough for a code, two ids and the punctuation.
	headRoom = 48
	// entryRoom is enough for most entries of Options and Details, which are flags, ids and names.
	entryRoom = 48
	// welcomeRoom is enough for the features that a router announces.
	welcomeRoom = 1024
)

// room is how many bytes a message is likely to take, so that its frame is allocated once. If it takes
// more the frame grows.
func room(m Message) int {
	switch m := m.(type) {
	case *Event:
		return roomFor(m.Payload, m.Details, "")
	case *Publish:
		return roomFor(m.Payload, m.Options, m.Topic)
	case *Invocation:
		return roomFor(m.Payload, m.Details, "")
	case *Call:
		return roomFor(m.Payload, m.Options, m.Procedure)
	case *Yield:
		return roomFor(m.Payload, m.Options, "")
	case *Result:
		return roomFor(m.Payload, m.Details, "")
	case *Error:
		return roomFor(m.Payload, m.Details, m.Error)
	case *Welcome:
		return welcomeRoom
	default:
		return headRoom
	}
}

func roomFor(p Payload, d Dict, uri URI) int {
	return headRoom + len(p.Args) + len(p.Kwargs) + len(d)*entryRoom + len(uri)
}
