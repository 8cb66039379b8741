package wire

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
)

// A list and a dict hold the values of WAMP messages: lists, dicts, text, numbers, bools and payloads.
type (
	list []any
	dict map[string]any
	// payload is a value as JSON text.
	payload []byte
	// serialized is a value that is already serialized.
	serialized []byte
)

// Serialization is a serialization of WAMP. Its functions support only the messages of the load generator.
type Serialization struct {
	name   string // as in the subprotocol
	opcode byte
	append func(dst []byte, value any) []byte
	// opens returns the beginning of a message with that code.
	opens func(code byte) messagePrefix
	// id reads the first id of a message with a code of two digits.
	id func(message []byte) uint64
}

// The serializations.
var (
	JSON        = Serialization{"json", opText, appendJSON, opensJSON, idJSON}
	MessagePack = Serialization{"msgpack", opBinary, appendMessagePack, opensMessagePack, idMessagePack}
	CBOR        = Serialization{"cbor", opBinary, appendCBOR, opensCBOR, idCBOR}
)

func (s Serialization) frame(dst []byte, message list) []byte {
	return appendFrame(dst, s.opcode, s.append(nil, message))
}

func appendJSON(dst []byte, value any) []byte {
	switch v := value.(type) {
	case list:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, item)
		}
		return append(dst, ']')
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	case payload:
		return append(dst, v...)
	case serialized:
		return append(dst, v...)
	}
	text, _ := json.Marshal(value) // text, bools and dicts of them always marshal
	return append(dst, text...)
}

func opensJSON(code byte) messagePrefix {
	if code < 10 {
		return messagePrefix{0xFFFFFF00, uint32('[')<<24 | uint32('0'+code)<<16 | uint32(',')<<8}
	}
	return messagePrefix{0xFFFFFFFF, uint32('[')<<24 | uint32('0'+code/10)<<16 | uint32('0'+code%10)<<8 | ','}
}

func idJSON(message []byte) (id uint64) {
	for _, c := range message[min(4, len(message)):] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}

// plain decodes a payload into the values that the other serializations can write.
func (p payload) plain() any {
	var value any
	if err := json.Unmarshal(p, &value); err != nil {
		return string(p)
	}
	return plain(value)
}

func plain(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return list(v)
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
		return dict(v)
	case float64:
		if v >= 0 && v == math.Trunc(v) && v < 1<<53 {
			return uint64(v)
		}
	}
	return value
}

func appendMessagePack(dst []byte, value any) []byte {
	switch v := value.(type) {
	case list:
		dst = appendCount(dst, 0x90, len(v))
		for _, item := range v {
			dst = appendMessagePack(dst, item)
		}
		return dst
	case dict:
		dst = appendCount(dst, 0x80, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			dst = appendMessagePack(appendMessagePack(dst, key), v[key])
		}
		return dst
	case string:
		if len(v) < 32 {
			return append(append(dst, 0xA0|byte(len(v))), v...)
		}
		return append(binary.BigEndian.AppendUint16(append(dst, 0xDA), uint16(len(v))), v...)
	case uint64:
		if v < 128 {
			return append(dst, byte(v))
		}
		return binary.BigEndian.AppendUint64(append(dst, 0xCF), v)
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 0xCB), math.Float64bits(v))
	case bool:
		return append(dst, map[bool]byte{false: 0xC2, true: 0xC3}[v])
	case payload:
		return appendMessagePack(dst, v.plain())
	case serialized:
		return append(dst, v...)
	}
	return append(dst, 0xC0)
}

// appendCount begins an array (0x90) or a map (0x80).
func appendCount(dst []byte, short byte, n int) []byte {
	if n < 16 {
		return append(dst, short|byte(n))
	}
	long := map[byte]byte{0x90: 0xDC, 0x80: 0xDE}[short]
	return binary.BigEndian.AppendUint16(append(dst, long), uint16(n))
}

func opensMessagePack(code byte) messagePrefix {
	return messagePrefix{0xF0FF0000, 0x90<<24 | uint32(code)<<16}
}

func idMessagePack(message []byte) uint64 {
	if len(message) < 3 {
		return 0
	}
	if message[2] < 0x80 {
		return uint64(message[2])
	}
	return bigEndian(message[3:], message[2]-0xCC)
}

func appendCBOR(dst []byte, value any) []byte {
	switch v := value.(type) {
	case list:
		dst = appendHead(dst, 0x80, uint64(len(v)))
		for _, item := range v {
			dst = appendCBOR(dst, item)
		}
		return dst
	case dict:
		dst = appendHead(dst, 0xA0, uint64(len(v)))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			dst = appendCBOR(appendCBOR(dst, key), v[key])
		}
		return dst
	case string:
		return append(appendHead(dst, 0x60, uint64(len(v))), v...)
	case uint64:
		return appendHead(dst, 0, v)
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 0xFB), math.Float64bits(v))
	case bool:
		return append(dst, map[bool]byte{false: 0xF4, true: 0xF5}[v])
	case payload:
		return appendCBOR(dst, v.plain())
	case serialized:
		return append(dst, v...)
	}
	return append(dst, 0xF6)
}

// appendHead appends a CBOR head: the major type in the upper three bits, and its number.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), n)
	}
}

func opensCBOR(code byte) messagePrefix {
	if code < 24 {
		return messagePrefix{0xE0FF0000, 0x80<<24 | uint32(code)<<16}
	}
	return messagePrefix{0xE0FFFF00, 0x80<<24 | 0x18<<16 | uint32(code)<<8}
}

func idCBOR(message []byte) uint64 {
	if len(message) < 4 {
		return 0
	}
	if message[3] < 24 {
		return uint64(message[3])
	}
	return bigEndian(message[4:], message[3]-24)
}

// bigEndian reads an integer of 1<<power bytes.
func bigEndian(p []byte, power byte) (n uint64) {
	for _, c := range p[:min(1<<(power&3), len(p))] {
		n = n<<8 | uint64(c)
	}
	return n
}
