package wamp

// Encoding is a dialect of the protocol together with a serialization. Values are stateless and comparable:
// clients with equal encodings can be sent the same bytes.
type Encoding interface {
	// Subprotocol returns the name that WebSocket clients ask for.
	Subprotocol() string
	Serialization() Serialization
	// Binary reports whether frames are bytes, not text.
	Binary() bool
	// Decode decodes a frame with a message of either direction. The error is a [Failure] with
	// [ErrProtocolViolation], or a [PayloadError], which comes with the message. The message does not refer to the
	// frame's memory, so the caller may reuse it.
	// Version 1 always returns an error, because its frames depend on the state of a [Conversation].
	Decode(frame []byte) (Message, error)
	// Append appends a message to dst. A payload in another serialization is transcoded. Version 1 supports
	// only [Event] and [Welcome].
	Append(dst []byte, m Message) ([]byte, error)
}

// The encodings that Tidings speaks.
var (
	V2JSON        Encoding = version2{JSON}
	V2MessagePack Encoding = version2{MessagePack}
	V2CBOR        Encoding = version2{CBOR}
	V2UBJSON      Encoding = version2{UBJSON}
	V1JSON        Encoding = version1{}
)

// EncodingFor returns the encoding that a WebSocket subprotocol names.
func EncodingFor(subprotocol string) (Encoding, bool) {
	for _, e := range [...]Encoding{V2JSON, V2MessagePack, V2CBOR, V2UBJSON, V1JSON} {
		if e.Subprotocol() == subprotocol {
			return e, true
		}
	}
	return nil, false
}

type version2 struct{ serialization Serialization }

func (e version2) Subprotocol() string          { return "wamp.2." + e.serialization.String() }
func (e version2) Serialization() Serialization { return e.serialization }
func (e version2) Binary() bool                 { return e.serialization != JSON }

func (e version2) Decode(frame []byte) (Message, error) {
	return decode(e.serialization, frame, keeping{})
}

func (e version2) Append(dst []byte, m Message) ([]byte, error) {
	return appendMessage(dst, e.serialization, m)
}
