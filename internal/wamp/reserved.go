package wamp

// The first components of URIs that clients may not use as they like.
const (
	// FirstProtocol belongs to the router: its meta API and the errors of the protocol.
	FirstProtocol = "wamp"
	// FirstServer belongs to the server: its components and features.
	FirstServer = "tidings"
)

// IsReserved reports whether only the server may declare URIs with a first component.
func IsReserved(first string) bool { return first == FirstProtocol || first == FirstServer }
