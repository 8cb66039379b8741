package wamp

// Serialization is how values become bytes.
type Serialization uint8

// The serializations that Tidings speaks (WAMP, "Serializers").
const (
	JSON Serialization = iota
	MessagePack
	CBOR
)

// Payload is the application's part of a message, as the bytes that it arrived as.
//
// Args is one encoded array and Kwargs one encoded map, both in Serialization. nil means absent.
// The bytes are shared between receivers and never change.
type Payload struct {
	Serialization Serialization
	Args          []byte
	Kwargs        []byte
}
