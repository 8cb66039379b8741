package wamp

import (
	"errors"
	"fmt"
	"math"
)

// MaxDepth limits how deep arrays and maps may nest in a frame, the frame itself being the first level.
// Readers are recursive, so without a limit a frame of brackets could exhaust the stack. Payloads of real
// applications stay far below the limit.
const MaxDepth = 64

// A format reads and appends the values of one serialization, one value head at a time. Formats are
// stateless; the state is in a [reader] or [writer], which need no allocation. The rest of the package
// is written once for all formats.
//
// Reading is strict: a frame that was read to its end is well-formed. n counts the bytes that were read.
type format interface {
	// trim drops the bytes that may stand before a value, such as white space.
	trim(b []byte) []byte
	// next reads the head of the next value: a whole scalar, or an array or map up to its first element.
	next(b []byte) (t token, data []byte, n int, err error)
	// key reads the key of a map's entry. The token may have another kind than text.
	key(b []byte) (t token, data []byte, n int, err error)
	// more reads the bytes between elements, or entries, of an array or map of indefinite length: a
	// separator, or the end. i counts the elements that were read. It reports whether an element follows.
	more(b []byte, k kind, i int) (n int, more bool, err error)
	// skip reads and checks a whole value that stands depth levels deep.
	skip(b []byte, depth int) (span, error)
	// measure returns the extent of a whole value that skip has refused. It checks only where each part of the value
	// begins and ends: any depth is allowed, and any content of a string. An error means that the frame is broken.
	measure(b []byte) (span, error)
	// explain returns the syntax error of a frame that could not be read. It returns nil if the frame is
	// well-formed, or if reading has already returned all that is known.
	explain(frame []byte) error

	appendNull(dst []byte) []byte
	appendBool(dst []byte, v bool) []byte
	appendInt(dst []byte, v int64) []byte
	appendUint(dst []byte, v uint64) []byte
	appendFloat(dst []byte, v float64) []byte
	appendBinary(dst, v []byte) []byte
	// Text and keys must be valid UTF-8. Callers pass strings of Go code, and bytes of frames.
	appendText(dst, v []byte) []byte
	appendString(dst []byte, v string) []byte
	appendKey(dst, v []byte) []byte
	appendName(dst []byte, v string) []byte
	// open appends the begin of an array or a map.
	open(dst []byte, k kind) []byte
	// close ends the array or map that begins at dst[at] and has n elements, or entries.
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

// A token is the head of one value. The bytes of a text or a binary are passed beside the token, because the
// compiler keeps only structs of this size in registers.
type token struct {
	kind    kind
	escaped bool   // the data is a JSON string with its quotes and escapes
	num     uint64 // a bool, an int (two's complement), a uint, the bits of a float, or a length
}

// indefinite is the length of an array or a map that does not announce its length.
const indefinite = -1

func containerToken(k kind, length int) token { return token{kind: k, num: uint64(length)} }

func floatToken(v float64) token { return token{kind: kindFloat, num: math.Float64bits(v)} }

// length returns the number of elements of an array, or entries of a map.
func (t token) length() int { return int(t.num) }

func (t token) float() float64 { return math.Float64frombits(t.num) }

// A span describes a whole value that was skipped.
type span struct {
	kind     kind
	elements int // of an array, or entries of a map
	size     int // bytes
}

var (
	errShort      = errors.New("ends in the middle of a value")
	errDepth      = fmt.Errorf("nests deeper than %d levels", MaxDepth)
	errKey        = errors.New("has a map key that is not a string")
	errDuplicate  = errors.New("has a map with the same key twice")
	errKeyTwice   = errors.New("is a key that its dict has twice")
	errUTF8       = errors.New("has a string that is not valid UTF-8")
	errTrailing   = errors.New("has bytes after the message")
	errUnexpected = errors.New("ends an array or a map that was not opened")
)
