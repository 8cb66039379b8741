package wamp

import "strconv"

// An Encoding is a dialect of the protocol in a serialization. Values are stateless and can be
// compared: clients with equal encodings can be sent the same bytes.
type Encoding interface {
	// Subprotocol is the name that WebSocket clients ask for.
	Subprotocol() string
	Serialization() Serialization
	// Binary reports whether frames are bytes, not text.
	Binary() bool
	// Decode reads a frame with a message of either direction. The error is a [Failure] with
	// [ErrProtocolViolation]. The message keeps nothing of the frame's memory, so the caller may
	// use it again. Version 1 has no frames that mean something outside of a [Conversation].
	Decode(frame []byte) (Message, error)
	// Append writes a message behind dst. A payload in another serialization is transcoded.
	// Version 1 has frames for an [Event] and a [Welcome] only.
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

// EncodingFor finds the encoding that a WebSocket subprotocol names.
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

func (e version2) Decode(frame []byte) (Message, error) { return decode(e.serialization, frame) }

func (e version2) Append(dst []byte, m Message) ([]byte, error) {
	return appendMessage(dst, e.serialization, m)
}

var serializationNames = [...]string{JSON: "json", MessagePack: "msgpack", CBOR: "cbor", UBJSON: "ubjson"}

// String gives the name that subprotocols use.
func (s Serialization) String() string {
	if int(s) < len(serializationNames) {
		return serializationNames[s]
	}
	return "serialization " + strconv.Itoa(int(s))
}
