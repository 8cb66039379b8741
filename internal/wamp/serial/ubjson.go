package serial

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// ubjsonFormat implements UBJSON (Draft 12, big-endian), which WAMP names; its little-endian descendant BJData
// is not supported. Every value begins with a marker. Containers may announce their number of elements.
//
// Of the containers with one type for all elements only the array of bytes is accepted, which is UBJSON's only
// form of a binary. The others save a client few bytes, but would let few bytes stand for any number of values.
type ubjsonFormat struct{}

var (
	errTyped         = errors.New("has a UBJSON container with one type for all elements, other than bytes")
	errLength        = errors.New("has a UBJSON length that is not an integer from 0")
	errHighPrecision = errors.New("has a UBJSON high-precision number that is not a number")
	errChar          = errors.New("has a UBJSON character above 127")
)

// explain reports syntax errors. A duplicate key is a message error and is reported elsewhere.
func (f ubjsonFormat) explain(frame []byte) error {
	if _, err := walk(f, frame, 0); !errors.Is(err, ErrDuplicate) {
		return err
	}
	return nil
}

func (f ubjsonFormat) skip(b []byte, depth int) (Span, error) { return walk(f, b, depth) }
func (f ubjsonFormat) measure(b []byte) (Span, error)         { return measure(f, b) }

// trim drops no-ops.
func (ubjsonFormat) trim(b []byte) []byte {
	for len(b) > 0 && b[0] == 'N' {
		b = b[1:]
	}
	return b
}

func (f ubjsonFormat) more(b []byte, k Kind, _ int) (int, bool, error) {
	rest := f.trim(b)
	n := len(b) - len(rest)
	if len(rest) > 0 && rest[0] == closing(k) {
		return n + 1, false, nil
	}
	return n, true, nil
}

func (f ubjsonFormat) next(b []byte) (Token, []byte, int, error) {
	t, rest, err := f.value(f.trim(b))
	if err != nil {
		return Token{}, nil, 0, err
	}
	n := len(b) - len(rest)
	if t.Kind == KindText || t.Kind == KindBinary {
		return t, b[n-t.Length() : n], n, nil
	}
	return t, nil, n, nil
}

// value reads the head of the value that begins with a marker at b[0], and returns the bytes after it. The
// bytes of a text or a binary are skipped; the token has their length.
func (f ubjsonFormat) value(b []byte) (Token, []byte, error) {
	if len(b) == 0 {
		return Token{}, nil, errShort
	}
	marker, rest := b[0], b[1:]
	switch marker {
	case 'Z':
		return Token{Kind: KindNull}, rest, nil
	case 'T':
		return Token{Kind: KindBool, num: 1}, rest, nil
	case 'F':
		return Token{Kind: KindBool}, rest, nil
	case 'd', 'D':
		return nextUBJSONFloat(marker, rest)
	case 'H':
		return nextUBJSONHigh(rest)
	case 'C':
		return nextUBJSONChar(rest)
	case 'S':
		return nextUBJSONText(rest)
	case '[':
		return nextUBJSONContainer(KindArray, rest)
	case '{':
		return nextUBJSONContainer(KindMap, rest)
	case ']', '}':
		return Token{}, nil, errUnexpected
	}
	v, rest, err := ubjsonInteger(marker, rest)
	return Token{Kind: KindInt, num: uint64(v)}, rest, err
}

// key reads a string, which has no marker if it is a key.
func (f ubjsonFormat) key(b []byte) (Token, []byte, int, error) {
	t, rest, err := nextUBJSONText(f.trim(b))
	if errors.Is(err, errLength) {
		err = errKey
	}
	if err != nil {
		return Token{}, nil, 0, err
	}
	n := len(b) - len(rest)
	return t, b[n-t.Length() : n], n, nil
}

func nextUBJSONText(b []byte) (Token, []byte, error) {
	text, rest, err := ubjsonBytes(b)
	switch {
	case err != nil:
		return Token{}, nil, err
	case !utf8.Valid(text):
		return Token{}, nil, errUTF8
	}
	return Token{Kind: KindText, num: uint64(len(text))}, rest, nil
}

// ubjsonInteger reads an integer after its marker.
func ubjsonInteger(marker byte, b []byte) (int64, []byte, error) {
	size := 1
	switch marker {
	case 'i', 'U':
	case 'I':
		size = 2
	case 'l':
		size = 4
	case 'L':
		size = 8
	default:
		return 0, nil, fmt.Errorf("has a byte that begins no UBJSON value (0x%02x)", marker)
	}
	if len(b) < size {
		return 0, nil, errShort
	}
	rest := b[size:]
	switch marker {
	case 'i':
		return int64(int8(b[0])), rest, nil
	case 'U':
		return int64(b[0]), rest, nil
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(b))), rest, nil
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(b))), rest, nil
	}
	return int64(binary.BigEndian.Uint64(b)), rest, nil
}

// ubjsonLength reads a length. Each of the units that follow takes at least one byte, so the length may not be
// larger than the rest of the frame.
func ubjsonLength(b []byte) (int, []byte, error) {
	if len(b) == 0 {
		return 0, nil, errShort
	}
	n, rest, err := ubjsonInteger(b[0], b[1:])
	switch {
	case errors.Is(err, errShort):
		return 0, nil, err
	case err != nil, n < 0:
		return 0, nil, errLength
	case n > int64(len(rest)):
		return 0, nil, errShort
	}
	return int(n), rest, nil
}

func ubjsonBytes(b []byte) (data, rest []byte, err error) {
	n, rest, err := ubjsonLength(b)
	if err != nil {
		return nil, nil, err
	}
	return rest[:n], rest[n:], nil
}

func nextUBJSONFloat(marker byte, b []byte) (Token, []byte, error) {
	switch {
	case marker == 'd' && len(b) >= 4:
		return floatToken(float64(math.Float32frombits(binary.BigEndian.Uint32(b)))), b[4:], nil
	case marker == 'D' && len(b) >= 8:
		return floatToken(math.Float64frombits(binary.BigEndian.Uint64(b))), b[8:], nil
	}
	return Token{}, nil, errShort
}

// nextUBJSONHigh reads a high-precision number, which has the form of a JSON number and is read like one.
func nextUBJSONHigh(b []byte) (Token, []byte, error) {
	text, rest, err := ubjsonBytes(b)
	if err != nil {
		return Token{}, nil, err
	}
	t, n, err := nextJSONNumber(text, 0)
	if errors.Is(err, errJSON) || err == nil && n < len(text) {
		err = errHighPrecision
	}
	return t, rest, err
}

func nextUBJSONChar(b []byte) (Token, []byte, error) {
	switch {
	case len(b) == 0:
		return Token{}, nil, errShort
	case b[0] >= utf8.RuneSelf:
		return Token{}, nil, errChar
	}
	return Token{Kind: KindText, num: 1}, b[1:], nil
}

func nextUBJSONContainer(k Kind, b []byte) (Token, []byte, error) {
	switch {
	case len(b) > 0 && b[0] == '#':
		n, rest, err := ubjsonLength(b[1:])
		return containerToken(k, n), rest, err
	case len(b) == 0 || b[0] != '$':
		return containerToken(k, Indefinite), b, nil
	case len(b) < 3:
		return Token{}, nil, errShort
	case k != KindArray || b[1] != 'U' || b[2] != '#':
		return Token{}, nil, errTyped
	}
	data, rest, err := ubjsonBytes(b[3:])
	return Token{Kind: KindBinary, num: uint64(len(data))}, rest, err
}

// Arrays and maps are written without their number of elements, and integers in the shortest form.

func (ubjsonFormat) appendNull(dst []byte) []byte { return append(dst, 'Z') }

func (ubjsonFormat) appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 'T')
	}
	return append(dst, 'F')
}

func (ubjsonFormat) appendInt(dst []byte, v int64) []byte {
	switch {
	case v >= 0 && v <= math.MaxUint8:
		return append(dst, 'U', byte(v))
	case v >= math.MinInt8 && v < 0:
		return append(dst, 'i', byte(v))
	case v >= math.MinInt16 && v <= math.MaxInt16:
		return binary.BigEndian.AppendUint16(append(dst, 'I'), uint16(v))
	case v >= math.MinInt32 && v <= math.MaxInt32:
		return binary.BigEndian.AppendUint32(append(dst, 'l'), uint32(v))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 'L'), uint64(v))
	}
}

func (f ubjsonFormat) appendUint(dst []byte, v uint64) []byte {
	if v <= math.MaxInt64 {
		return f.appendInt(dst, int64(v))
	}
	return appendSized(append(dst, 'H'), strconv.FormatUint(v, 10))
}

// appendFloat appends null for NaN and the infinities, as UBJSON requires.
func (f ubjsonFormat) appendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return f.appendNull(dst)
	}
	return binary.BigEndian.AppendUint64(append(dst, 'D'), math.Float64bits(v))
}

// appendSized appends a length and the bytes.
func appendSized[T string | []byte](dst []byte, v T) []byte {
	return append(ubjsonFormat{}.appendInt(dst, int64(len(v))), v...)
}

func (ubjsonFormat) appendBinary(dst, v []byte) []byte { return appendSized(append(dst, "[$U#"...), v) }
func (ubjsonFormat) appendText(dst, v []byte) []byte   { return appendSized(append(dst, 'S'), v) }
func (ubjsonFormat) appendString(dst []byte, v string) []byte {
	return appendSized(append(dst, 'S'), v)
}
func (ubjsonFormat) appendKey(dst, v []byte) []byte            { return appendSized(dst, v) }
func (ubjsonFormat) appendName(dst []byte, v string) []byte    { return appendSized(dst, v) }
func (ubjsonFormat) open(dst []byte, k Kind) []byte            { return jsonFormat{}.open(dst, k) }
func (ubjsonFormat) close(dst []byte, k Kind, _, _ int) []byte { return append(dst, closing(k)) }
