package wamp

import (
	"errors"
	"fmt"
	"math"
)

// MaxDepth bounds how deep arrays and maps may nest in a frame, the frame itself being the first.
// Readers are recursive: the bound keeps a frame of brackets from eating the stack, and no payload
// that people design comes near it.
const MaxDepth = 64

// A format is what a serialization can do: take the values of a frame apart, one head at a time,
// and append values. It keeps no state, so that none has to be allocated for a message: a [reader]
// and a [writer] have it. Everything else in the package is written once, on top of them.
//
// Reading is strict: a frame that was read to its end is well-formed. n is how many bytes were read.
type format interface {
	// trim drops what may stand before a value.
	trim(b []byte) []byte
	// next reads the head of the next value: all of a scalar, and of an array or a map what stands
	// before its first element.
	next(b []byte) (t token, data []byte, n int, err error)
	// key reads the key of a map's entry, or what stands in its place.
	key(b []byte) (t token, data []byte, n int, err error)
	// more reads what stands behind the i-th element, or entry, of an array or a map that did not
	// announce its length: its end, if there is none to follow.
	more(b []byte, k kind, i int) (n int, more bool, err error)
	// skip reads a whole value that stands depth levels deep.
	skip(b []byte, depth int) (extent, error)
	// explain says what is wrong with the form of a frame that could not be read, or nil: it is
	// well-formed, or reading it has said all there is to say.
	explain(frame []byte) error

	appendNull(dst []byte) []byte
	appendBool(dst []byte, v bool) []byte
	appendInt(dst []byte, v int64) []byte
	appendUint(dst []byte, v uint64) []byte
	appendFloat(dst []byte, v float64) []byte
	appendBinary(dst, v []byte) []byte
	// Text and keys are valid UTF-8. What comes from Go code is a string, what comes from frames is bytes.
	appendText(dst, v []byte) []byte
	appendString(dst []byte, v string) []byte
	appendKey(dst, v []byte) []byte
	appendName(dst []byte, v string) []byte
	// open begins an array or a map.
	open(dst []byte, k kind) []byte
	// close ends the one that begins at dst[at] and has n elements, or entries.
	close(dst []byte, k kind, at, n int) []byte
}

var formats = [...]format{JSON: jsonFormat{}, MessagePack: msgpackFormat{}, CBOR: cborFormat{}, UBJSON: ubjsonFormat{}}

type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindInt   // fits an int64
	kindUint  // above the range of int64
	kindFloat // or an integer outside both ranges
	kindText
	kindBinary
	kindArray
	kindMap
)

var kindNames = [...]string{"null", "a boolean", "an integer", "an integer", "a float", "a string", "a binary", "a list", "a dict"}

func (k kind) String() string { return kindNames[k] }

// A token is the head of one value. The data of a text or a binary, part of the frame, goes beside it:
// the compiler keeps a struct in registers only as long as it is this small.
type token struct {
	kind    kind
	escaped bool   // its data is a JSON string as it stands in the frame, with quotes and escapes
	num     uint64 // a bool, an int (two's complement), a uint, the bits of a float, or a length
}

// untilEnd is the length of an array or a map that did not announce it.
const untilEnd = -1

func container(k kind, length int) token { return token{kind: k, num: uint64(length)} }

func number(v float64) token { return token{kind: kindFloat, num: math.Float64bits(v)} }

// length is how many elements an array has, or entries a map.
func (t token) length() int { return int(t.num) }

func (t token) float() float64 { return math.Float64frombits(t.num) }

// An extent is what a whole value takes up.
type extent struct {
	kind     kind
	elements int // of an array, or entries of a map
	size     int // in bytes
}

var (
	errShort      = errors.New("ends in the middle of a value")
	errDepth      = fmt.Errorf("nests deeper than %d levels", MaxDepth)
	errKey        = errors.New("has a map key that is not a string")
	errDuplicate  = errors.New("has a map with the same key twice")
	errUTF8       = errors.New("has a string that is not valid UTF-8")
	errTrailing   = errors.New("has bytes after the message")
	errUnexpected = errors.New("ends an array or a map that was not opened")
)
