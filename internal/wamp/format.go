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
// and write values. Everything else in the package is written once, on top of it.
type format interface {
	// check looks at a whole frame, before anything is read from it.
	check(frame []byte) error
	// unique reports whether check has found that no map has a key twice.
	unique() bool
	// trim drops what may stand before a value.
	trim(b []byte) []byte
	// next reads the head of the next value: all of a scalar, and of an array or a map what stands
	// before its first element.
	next(b []byte) (token, []byte, error)
	// key reads the key of a map's entry, or what stands in its place.
	key(b []byte) (token, []byte, error)
	// end consumes the end of an array or a map that did not announce its length, if b is at one.
	end(b []byte) ([]byte, bool)
	// writer appends values to dst.
	writer(dst []byte) writer
}

var formats = [...]format{JSON: jsonFormat{}, MessagePack: msgpackFormat{}, CBOR: cborFormat{}, UBJSON: ubjsonFormat{}}

// A writer appends values in one serialization. It trusts its caller: keys and values of a map
// alternate, what is opened is closed, and text is valid UTF-8. Only strings that come from Go code
// are made so.
type writer interface {
	null()
	boolean(v bool)
	integer(v int64)
	unsigned(v uint64)
	float(v float64)
	text(v []byte)
	str(v string)
	binary(v []byte)
	key(v []byte)
	name(v string) // a key that comes from Go code
	openArray()
	openMap()
	closeArray()
	closeMap()
	// raw appends one value that is already in the writer's serialization.
	raw(v []byte)
	bytes() []byte
}

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

// A token is the head of one value.
type token struct {
	kind    kind
	escaped bool   // data is a JSON string as it stands in the frame, with quotes and escapes
	num     uint64 // a bool, an int (two's complement), a uint, the bits of a float, or a length
	data    []byte // text or binary, part of the frame
}

// untilEnd is the length of an array or a map that did not announce it.
const untilEnd = -1

func container(k kind, length int) token { return token{kind: k, num: uint64(length)} }

func number(v float64) token { return token{kind: kindFloat, num: math.Float64bits(v)} }

// length is how many elements an array has, or entries a map.
func (t token) length() int { return int(t.num) }

func (t token) float() float64 { return math.Float64frombits(t.num) }

var (
	errShort      = errors.New("ends in the middle of a value")
	errDepth      = fmt.Errorf("nests deeper than %d levels", MaxDepth)
	errKey        = errors.New("has a map key that is not a string")
	errDuplicate  = errors.New("has a map with the same key twice")
	errUTF8       = errors.New("has a string that is not valid UTF-8")
	errTrailing   = errors.New("has bytes after the message")
	errUnexpected = errors.New("ends an array or a map that was not opened")
)

// A reader reads values one after another and remembers the first error; after it everything
// reads as null.
type reader struct {
	f    format
	rest []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
		r.rest = nil
	}
}

func (r *reader) next() token {
	if r.err != nil {
		return token{}
	}
	t, rest, err := r.f.next(r.rest)
	if err != nil {
		r.fail(err)
		return token{}
	}
	r.rest = rest
	return t
}

// more reports whether an array or a map of n elements, i of which are read, has another one.
func (r *reader) more(n, i int) bool {
	if r.err != nil {
		return false
	}
	if n >= 0 {
		return i < n
	}
	rest, ended := r.f.end(r.rest)
	r.rest = rest
	return !ended
}

// skip reads one value, checks it and copies it to w, if there is one. It gives the value's bytes
// and how many elements it has, if it is an array or a map.
func (r *reader) skip(depth int, w writer) (raw []byte, elements int) {
	r.rest = r.f.trim(r.rest)
	start := r.rest
	elements = r.copy(r.next(), depth, w)
	if r.err != nil {
		return nil, 0
	}
	end := len(start) - len(r.rest)
	return start[:end:end], elements
}

func (r *reader) copy(t token, depth int, w writer) int {
	switch t.kind {
	case kindArray:
		return r.copyArray(t.length(), depth+1, w)
	case kindMap:
		return r.copyMap(t.length(), depth+1, w)
	default:
		if w != nil {
			writeScalar(w, t.resolve())
		}
		return 0
	}
}

func (r *reader) copyArray(n, depth int, w writer) int {
	if depth > MaxDepth {
		r.fail(errDepth)
		return 0
	}
	if w != nil {
		w.openArray()
	}
	i := 0
	for ; r.more(n, i); i++ {
		r.copy(r.next(), depth, w)
	}
	if w != nil {
		w.closeArray()
	}
	return i
}

func (r *reader) copyMap(n, depth int, w writer) int {
	if depth > MaxDepth {
		r.fail(errDepth)
		return 0
	}
	if w != nil {
		w.openMap()
	}
	var seen keySet
	unique := r.f.unique()
	i := 0
	for ; r.more(n, i); i++ {
		key := r.key()
		if !unique && !seen.add(key.data) {
			r.fail(errDuplicate)
		}
		if w != nil {
			w.key(key.plain())
		}
		r.copy(r.next(), depth, w)
	}
	if w != nil {
		w.closeMap()
	}
	return i
}

// key reads the key of a map's entry.
func (r *reader) key() token {
	if r.err != nil {
		return token{}
	}
	t, rest, err := r.f.key(r.rest)
	if err == nil && t.kind != kindText {
		err = errKey
	}
	if err != nil {
		r.fail(err)
		return token{}
	}
	r.rest = rest
	return t
}

func writeScalar(w writer, t token) {
	switch t.kind {
	case kindBool:
		w.boolean(t.num != 0)
	case kindInt:
		w.integer(int64(t.num))
	case kindUint:
		w.unsigned(t.num)
	case kindFloat:
		w.float(t.float())
	case kindText:
		w.text(t.data)
	case kindBinary:
		w.binary(t.data)
	default:
		w.null()
	}
}

// fewKeys is how many keys a keySet compares one by one, which is quicker than hashing and needs
// no memory, before it changes to a map.
const fewKeys = 12

// A keySet finds a key that a map has twice. What has one passes one parser and means something
// else to the next, so no serialization may bring it in.
type keySet struct {
	few  [fewKeys][]byte
	n    int
	many map[string]struct{}
}

func (s *keySet) add(key []byte) bool {
	if s.many != nil {
		before := len(s.many)
		s.many[string(key)] = struct{}{}
		return len(s.many) > before
	}
	for _, k := range s.few[:s.n] {
		if string(k) == string(key) {
			return false
		}
	}
	if s.n < fewKeys {
		s.few[s.n] = key
		s.n++
		return true
	}
	s.many = make(map[string]struct{}, 2*fewKeys)
	for _, k := range s.few {
		s.many[string(k)] = struct{}{}
	}
	s.many[string(key)] = struct{}{}
	return true
}
