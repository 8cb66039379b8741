package wamp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// ubjsonFormat is UBJSON (Draft 12, big-endian), the one that WAMP means; not BJData, its
// little-endian descendant. Every value is a marker and what it announces. Containers may announce
// how many elements they have. Of those that announce one type for all elements only the array of
// bytes is read, as a binary, which UBJSON has no other form for: the others save a client a few bytes, and
// let a few bytes stand for any number of values.
type ubjsonFormat struct{}

var (
	errTyped  = errors.New("has a UBJSON container with one type for all elements, other than bytes")
	errLength = errors.New("has a UBJSON length that is not an integer from 0")
	errHigh   = errors.New("has a UBJSON high-precision number that is not a number")
	errChar   = errors.New("has a UBJSON character above 127")
)

// check walks over the whole frame: a bracket that closes has to be of the kind that was opened,
// which nobody looks at later.
func (f ubjsonFormat) check(frame []byte) error {
	_, err := f.walk(frame, 0)
	return err
}

func (f ubjsonFormat) walk(b []byte, depth int) ([]byte, error) {
	t, b, err := f.next(b)
	if err != nil || t.kind != kindArray && t.kind != kindMap {
		return b, err
	}
	if depth == MaxDepth {
		return nil, errDepth
	}
	closing := byte(']')
	if t.kind == kindMap {
		closing = '}'
	}
	for i := 0; ; i++ {
		if t.length() == i {
			return b, nil
		}
		if b = f.trim(b); t.length() == untilEnd && len(b) > 0 && b[0] == closing {
			return b[1:], nil
		}
		if t.kind == kindMap {
			if _, b, err = f.key(b); err != nil {
				return nil, err
			}
		}
		if b, err = f.walk(b, depth+1); err != nil {
			return nil, err
		}
	}
}

func (ubjsonFormat) unique() bool { return false }

// trim drops no-ops.
func (ubjsonFormat) trim(b []byte) []byte {
	for len(b) > 0 && b[0] == 'N' {
		b = b[1:]
	}
	return b
}

func (f ubjsonFormat) end(b []byte) ([]byte, bool) {
	b = f.trim(b)
	if len(b) > 0 && (b[0] == ']' || b[0] == '}') {
		return b[1:], true
	}
	return b, false
}

func (f ubjsonFormat) next(b []byte) (token, []byte, error) {
	b = f.trim(b)
	if len(b) == 0 {
		return token{}, nil, errShort
	}
	marker, rest := b[0], b[1:]
	switch marker {
	case 'Z':
		return token{kind: kindNull}, rest, nil
	case 'T':
		return token{kind: kindBool, num: 1}, rest, nil
	case 'F':
		return token{kind: kindBool}, rest, nil
	case 'd', 'D':
		return nextUBJSONFloat(marker, rest)
	case 'H':
		return nextUBJSONHigh(rest)
	case 'C':
		return nextUBJSONChar(rest)
	case 'S':
		return nextUBJSONText(rest)
	case '[':
		return nextUBJSONContainer(kindArray, rest)
	case '{':
		return nextUBJSONContainer(kindMap, rest)
	case ']', '}':
		return token{}, nil, errUnexpected
	}
	v, rest, err := ubjsonInteger(marker, rest)
	return token{kind: kindInt, num: uint64(v)}, rest, err
}

// key reads a string without its marker, which keys do not have.
func (f ubjsonFormat) key(b []byte) (token, []byte, error) {
	t, rest, err := nextUBJSONText(f.trim(b))
	if errors.Is(err, errLength) {
		err = errKey
	}
	return t, rest, err
}

func nextUBJSONText(b []byte) (token, []byte, error) {
	text, rest, err := ubjsonBytes(b)
	switch {
	case err != nil:
		return token{}, nil, err
	case !utf8.Valid(text):
		return token{}, nil, errUTF8
	}
	return token{kind: kindText, data: text}, rest, nil
}

// ubjsonInteger reads an integer behind its marker.
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

// ubjsonLength reads the length of what follows, which is one byte for each unit at least.
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

func nextUBJSONFloat(marker byte, b []byte) (token, []byte, error) {
	switch {
	case marker == 'd' && len(b) >= 4:
		return number(float64(math.Float32frombits(binary.BigEndian.Uint32(b)))), b[4:], nil
	case marker == 'D' && len(b) >= 8:
		return number(math.Float64frombits(binary.BigEndian.Uint64(b))), b[8:], nil
	}
	return token{}, nil, errShort
}

// nextUBJSONHigh reads a number that is written as in JSON, and keeps of it what JSON's keep.
func nextUBJSONHigh(b []byte) (token, []byte, error) {
	text, rest, err := ubjsonBytes(b)
	if err != nil {
		return token{}, nil, err
	}
	if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') || !jsontext.Value(text).IsValid() {
		return token{}, nil, errHigh
	}
	t, left, err := nextJSONNumber(text)
	if err == nil && len(left) > 0 {
		err = errHigh
	}
	return t, rest, err
}

func nextUBJSONChar(b []byte) (token, []byte, error) {
	switch {
	case len(b) == 0:
		return token{}, nil, errShort
	case b[0] >= utf8.RuneSelf:
		return token{}, nil, errChar
	}
	return token{kind: kindText, data: b[:1]}, b[1:], nil
}

func nextUBJSONContainer(k kind, b []byte) (token, []byte, error) {
	switch {
	case len(b) > 0 && b[0] == '#':
		n, rest, err := ubjsonLength(b[1:])
		return container(k, n), rest, err
	case len(b) == 0 || b[0] != '$':
		return container(k, untilEnd), b, nil
	case len(b) < 3:
		return token{}, nil, errShort
	case k != kindArray || b[1] != 'U' || b[2] != '#':
		return token{}, nil, errTyped
	}
	data, rest, err := ubjsonBytes(b[3:])
	return token{kind: kindBinary, data: data}, rest, err
}

func (ubjsonFormat) writer(dst []byte) writer { return &ubjsonWriter{dst} }

// ubjsonWriter announces no number of elements, and writes integers in the shortest form.
type ubjsonWriter struct{ dst []byte }

func (w *ubjsonWriter) bytes() []byte { return w.dst }

func (w *ubjsonWriter) null() { w.dst = append(w.dst, 'Z') }

func (w *ubjsonWriter) boolean(v bool) {
	if v {
		w.dst = append(w.dst, 'T')
		return
	}
	w.dst = append(w.dst, 'F')
}

func (w *ubjsonWriter) integer(v int64) {
	switch {
	case v >= 0 && v <= math.MaxUint8:
		w.dst = append(w.dst, 'U', byte(v))
	case v >= math.MinInt8 && v < 0:
		w.dst = append(w.dst, 'i', byte(v))
	case v >= math.MinInt16 && v <= math.MaxInt16:
		w.dst = binary.BigEndian.AppendUint16(append(w.dst, 'I'), uint16(v))
	case v >= math.MinInt32 && v <= math.MaxInt32:
		w.dst = binary.BigEndian.AppendUint32(append(w.dst, 'l'), uint32(v))
	default:
		w.dst = binary.BigEndian.AppendUint64(append(w.dst, 'L'), uint64(v))
	}
}

func (w *ubjsonWriter) unsigned(v uint64) {
	if v <= math.MaxInt64 {
		w.integer(int64(v))
		return
	}
	w.dst = append(w.dst, 'H')
	w.sized(fmt.Appendf(nil, "%d", v))
}

// float writes null for what UBJSON has no form for, as it says itself.
func (w *ubjsonWriter) float(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.null()
		return
	}
	w.dst = binary.BigEndian.AppendUint64(append(w.dst, 'D'), math.Float64bits(v))
}

// sized writes a length and the bytes.
func (w *ubjsonWriter) sized(v []byte) {
	w.integer(int64(len(v)))
	w.dst = append(w.dst, v...)
}

func (w *ubjsonWriter) text(v []byte) {
	w.dst = append(w.dst, 'S')
	w.sized(v)
}

func (w *ubjsonWriter) str(v string) { w.text([]byte(validText(v))) }

func (w *ubjsonWriter) binary(v []byte) {
	w.dst = append(w.dst, "[$U#"...)
	w.sized(v)
}

func (w *ubjsonWriter) key(v []byte)  { w.sized(v) }
func (w *ubjsonWriter) name(v string) { w.sized([]byte(validText(v))) }
func (w *ubjsonWriter) openArray()    { w.dst = append(w.dst, '[') }
func (w *ubjsonWriter) openMap()      { w.dst = append(w.dst, '{') }
func (w *ubjsonWriter) closeArray()   { w.dst = append(w.dst, ']') }
func (w *ubjsonWriter) closeMap()     { w.dst = append(w.dst, '}') }
func (w *ubjsonWriter) raw(v []byte)  { w.dst = append(w.dst, v...) }
