package serial

import (
	"errors"
	"fmt"
)

// MaxDepth limits how deep arrays and maps may nest in a frame, the frame itself being the first level.
// Readers are recursive, so without a limit a frame of brackets could exhaust the stack. Payloads of real
// applications stay far below the limit.
const MaxDepth = 64

// A format reads and appends the values of one serialization, one value head at a time. Formats are
// stateless; the state is in a [Reader] or [Writer], which need no allocation. The rest of the package
// is written once for all formats.
//
// Reading is strict: a frame that was read to its end is well-formed. n counts the bytes that were read.
type format interface {
	// trim drops the bytes that may stand before a value, such as white space.
	trim(b []byte) []byte
	// next reads the head of the next value: a whole scalar, or an array or map up to its first element.
	next(b []byte) (t Token, data []byte, n int, err error)
	// key reads the key of a map's entry. The token may have another kind than text.
	key(b []byte) (t Token, data []byte, n int, err error)
	// more reads the bytes between elements, or entries, of an array or map of indefinite length: a
	// separator, or the end. i counts the elements that were read. It reports whether an element follows.
	more(b []byte, k Kind, i int) (n int, more bool, err error)
	// skip reads and checks a whole value that stands depth levels deep.
	skip(b []byte, depth int) (Span, error)
	// measure returns the extent of a whole value that skip has refused. It checks only where each part of the value
	// begins and ends: any depth is allowed, and any content of a string. An error means that the frame is broken.
	measure(b []byte) (Span, error)
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
	open(dst []byte, k Kind) []byte
	// close ends the array or map that begins at dst[at] and has n elements, or entries.
	close(dst []byte, k Kind, at, n int) []byte
}

var formats = [...]format{JSON: jsonFormat{}, MessagePack: msgpackFormat{}, CBOR: cborFormat{}, UBJSON: ubjsonFormat{}}

var (
	errShort      = errors.New("ends in the middle of a value")
	ErrDepth      = fmt.Errorf("nests deeper than %d levels", MaxDepth)
	errKey        = errors.New("has a map key that is not a string")
	ErrDuplicate  = errors.New("has a map with the same key twice")
	errKeyTwice   = errors.New("is a key that its dict has twice")
	errUTF8       = errors.New("has a string that is not valid UTF-8")
	errTrailing   = errors.New("has bytes after the message")
	errUnexpected = errors.New("ends an array or a map that was not opened")
)
