package wamp

import "github.com/tidings-io/tidings/internal/wamp/serial"

// Serialization is a way to encode values as bytes.
type Serialization = serial.Serialization

// The serializations that Tidings speaks (WAMP, "Serializers").
const (
	JSON        = serial.JSON
	MessagePack = serial.MessagePack
	CBOR        = serial.CBOR
	UBJSON      = serial.UBJSON

	// Serializations is the number of serializations; every [Serialization] is smaller.
	Serializations = serial.Serializations
)

// MaxDepth limits how deep arrays and maps may nest in a frame, the frame itself being the first level.
const MaxDepth = serial.MaxDepth
