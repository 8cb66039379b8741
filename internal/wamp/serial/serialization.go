package serial

import "strconv"

// Serialization is a way to encode values as bytes.
type Serialization uint8

// The serializations that Tidings speaks (WAMP, "Serializers").
const (
	JSON Serialization = iota
	MessagePack
	CBOR
	UBJSON
	serializations
)

// Serializations is the number of serializations; every [Serialization] is smaller.
const Serializations = int(serializations)

var serializationNames = [...]string{JSON: "json", MessagePack: "msgpack", CBOR: "cbor", UBJSON: "ubjson"}

// String returns the name that subprotocols use.
func (s Serialization) String() string {
	if int(s) < len(serializationNames) {
		return serializationNames[s]
	}
	return "serialization " + strconv.Itoa(int(s))
}
