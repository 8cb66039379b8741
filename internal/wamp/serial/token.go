package serial

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind is the kind of a value.
type Kind uint8

const (
	KindNull Kind = iota
	KindBool
	KindInt   // fits an int64
	KindUint  // above the range of int64
	KindFloat // or an integer outside both ranges
	KindText
	KindBinary
	KindArray
	KindMap
)

var kindNames = [...]string{"null", "a boolean", "an integer", "an integer", "a float", "a string", "a binary", "a list", "a dict"}

func (k Kind) String() string { return kindNames[k] }

// A Token is the head of one value. The bytes of a text or a binary are passed beside the token, because the
// compiler keeps only structs of this size in registers.
type Token struct {
	Kind    Kind
	escaped bool   // the data is a JSON string with its quotes and escapes
	num     uint64 // a bool, an int (two's complement), a uint, the bits of a float, or a length
}

// Indefinite is the length of an array or a map that does not announce its length.
const Indefinite = -1

func containerToken(k Kind, length int) Token { return Token{Kind: k, num: uint64(length)} }

func floatToken(v float64) Token { return Token{Kind: KindFloat, num: math.Float64bits(v)} }

// Bool returns the value of a boolean.
func (t Token) Bool() bool { return t.num != 0 }

// Int returns the value of an integer that fits an int64.
func (t Token) Int() int64 { return int64(t.num) }

// Length returns the number of elements of an array, or entries of a map.
func (t Token) Length() int { return int(t.num) }

// Float returns the value of a float.
func (t Token) Float() float64 { return math.Float64frombits(t.num) }

// Unquote returns the bytes of a text or a binary, without quotes and escapes.
func (t Token) Unquote(data []byte) []byte {
	if !t.escaped {
		return data
	}
	text, _ := jsontext.AppendUnquote(make([]byte, 0, len(data)), data) // the string was checked when it was read
	return text
}

// Resolve returns the token and the data without quotes and escapes. A JSON string of U+0000 and base64 becomes
// a binary (WAMP, "Binary conversion of JSON Strings"). If other text follows U+0000, the string stays a string.
func (t Token) Resolve(data []byte) (Token, []byte) {
	if !t.escaped {
		return t, data
	}
	data = t.Unquote(data)
	t.escaped = false
	if len(data) == 0 || data[0] != 0 {
		return t, data
	}
	encoded := data[1:]
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Strict().Decode(decoded, encoded)
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(encoded) { // the decoder ignores line ends
		return t, data
	}
	t.Kind = KindBinary
	return t, decoded[:n]
}

// Value returns a scalar, a text or a binary as a Go value: nil, bool, int64, uint64, float64, string or []byte.
func (t Token) Value(data []byte) any {
	t, data = t.Resolve(data)
	switch t.Kind {
	case KindBool:
		return t.Bool()
	case KindInt:
		return t.Int()
	case KindUint:
		return t.num
	case KindFloat:
		return t.Float()
	case KindText:
		return string(data)
	case KindBinary:
		return slices.Clone(data)
	default:
		return nil
	}
}

// Describe returns the value of an integer, or the name of the kind, for an error text.
func (t Token) Describe() string {
	switch t.Kind {
	case KindInt:
		return strconv.FormatInt(int64(t.num), 10)
	case KindUint:
		return strconv.FormatUint(t.num, 10)
	default:
		return t.Kind.String()
	}
}

// A Span describes a whole value that was skipped.
type Span struct {
	Kind     Kind
	Elements int // of an array, or entries of a map
	size     int // bytes
}
