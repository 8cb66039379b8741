package wamp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// cborFormat is CBOR (RFC 8949), with definite and indefinite lengths. Tags (big numbers and dates
// among them) and simple values are refused: no other serialization of WAMP has a form for them.
// There are two exceptions, because JavaScript's usual packers write them unasked: undefined is
// null, and a byte string with the tag of a Uint8Array (RFC 8746) is a byte string.
type cborFormat struct{}

// The major types, as they stand in the first three bits of a head.
const (
	cborUint = iota << 5
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	cborTag
	cborSimple

	cborIndefinite = 31   // in place of a length
	cborBreak      = 0xff // ends what has an indefinite length

	cborUint8Array = 64 // the only tag that is understood
)

var (
	errTag       = errors.New("has a CBOR tag, such as that of a date or a big number, which no other serialization can carry")
	errSimple    = errors.New("has a CBOR simple value other than false, true, null and undefined")
	errMalformed = errors.New("has a malformed CBOR head")
)

func (cborFormat) check([]byte) error       { return nil }
func (cborFormat) unique() bool             { return false }
func (cborFormat) trim(b []byte) []byte     { return b }
func (cborFormat) writer(dst []byte) writer { return &cborWriter{containers{dst: dst}} }

func (cborFormat) end(b []byte) ([]byte, bool) {
	if len(b) > 0 && b[0] == cborBreak {
		return b[1:], true
	}
	return b, false
}

func (f cborFormat) key(b []byte) (token, []byte, error) { return f.next(b) }

func (f cborFormat) next(b []byte) (token, []byte, error) {
	if len(b) == 0 {
		return token{}, nil, errShort
	}
	major, info := b[0]&0xe0, b[0]&0x1f
	if major == cborSimple {
		return nextCBORSimple(b, info)
	}
	if info == cborIndefinite {
		return nextCBORIndefinite(b, major)
	}
	arg, rest, err := cborArgument(b, info)
	if err != nil {
		return token{}, nil, err
	}
	switch major {
	case cborUint:
		return token{kind: unsignedKind(arg), num: arg}, rest, nil
	case cborNegative:
		if arg > math.MaxInt64 {
			return number(-1 - float64(arg)), rest, nil
		}
		return token{kind: kindInt, num: ^arg}, rest, nil
	case cborBytes, cborText:
		return cborString(major, rest, arg)
	case cborTag:
		return f.nextTagged(rest, arg)
	default:
		if arg > uint64(len(rest)) { // an element takes a byte at least
			return token{}, nil, errShort
		}
		return container(containerKind(major), int(arg)), rest, nil
	}
}

func (f cborFormat) nextTagged(b []byte, tag uint64) (token, []byte, error) {
	if tag != cborUint8Array || len(b) > 0 && b[0]&0xe0 != cborBytes {
		return token{}, nil, errTag
	}
	return f.next(b)
}

func containerKind(major byte) kind {
	if major == cborMap {
		return kindMap
	}
	return kindArray
}

// cborArgument reads the number that belongs to a head.
func cborArgument(b []byte, info byte) (uint64, []byte, error) {
	rest := b[1:]
	if info < 24 {
		return uint64(info), rest, nil
	}
	if info > 27 {
		return 0, nil, errMalformed
	}
	n := 1 << (info - 24)
	if len(rest) < n {
		return 0, nil, errShort
	}
	var wide [8]byte
	copy(wide[8-n:], rest)
	return binary.BigEndian.Uint64(wide[:]), rest[n:], nil
}

func cborString(major byte, b []byte, n uint64) (token, []byte, error) {
	if n > uint64(len(b)) {
		return token{}, nil, errShort
	}
	if major == cborBytes {
		return token{kind: kindBinary, data: b[:n:n]}, b[n:], nil
	}
	if !utf8.Valid(b[:n]) {
		return token{}, nil, errUTF8
	}
	return token{kind: kindText, data: b[:n:n]}, b[n:], nil
}

// nextCBORIndefinite reads the head of an array or a map of unknown length, or all the chunks of
// a string.
func nextCBORIndefinite(b []byte, major byte) (token, []byte, error) {
	rest := b[1:]
	switch major {
	case cborArray, cborMap:
		return container(containerKind(major), untilEnd), rest, nil
	case cborBytes, cborText:
	default:
		return token{}, nil, errMalformed
	}
	whole := token{kind: kindBinary}
	if major == cborText {
		whole.kind = kindText
	}
	for {
		if len(rest) == 0 {
			return token{}, nil, errShort
		}
		if rest[0] == cborBreak {
			return whole, rest[1:], nil
		}
		if rest[0]&0xe0 != major {
			return token{}, nil, errMalformed
		}
		arg, after, err := cborArgument(rest, rest[0]&0x1f)
		if err != nil {
			return token{}, nil, err
		}
		var chunk token
		if chunk, rest, err = cborString(major, after, arg); err != nil {
			return token{}, nil, err
		}
		whole.data = append(whole.data, chunk.data...)
	}
}

func nextCBORSimple(b []byte, info byte) (token, []byte, error) {
	width := 0
	switch info {
	case 20, 21:
		return token{kind: kindBool, num: uint64(info - 20)}, b[1:], nil
	case 22, 23:
		return token{kind: kindNull}, b[1:], nil
	case 25, 26, 27:
		width = 1 << (info - 24)
	case cborIndefinite:
		return token{}, nil, errUnexpected
	default:
		return token{}, nil, fmt.Errorf("%w (0x%02x)", errSimple, b[0])
	}
	bits, rest, err := cborArgument(b, info)
	if err != nil {
		return token{}, nil, err
	}
	switch width {
	case 2:
		return number(halfFloat(uint16(bits))), rest, nil
	case 4:
		return number(float64(math.Float32frombits(uint32(bits)))), rest, nil
	default:
		return number(math.Float64frombits(bits)), rest, nil
	}
}

// halfFloat widens a 16-bit float (RFC 8949, appendix D).
func halfFloat(bits uint16) float64 {
	exponent, mantissa := int(bits>>10&0x1f), float64(bits&0x3ff)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(mantissa, -24)
	case 31:
		if v = math.Inf(1); mantissa != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(mantissa+1024, exponent-25)
	}
	if bits&0x8000 != 0 {
		return -v
	}
	return v
}

type cborWriter struct{ containers }

// appendCBORHead writes a major type and its argument in the shortest form.
func appendCBORHead(dst []byte, major byte, arg uint64) []byte {
	switch {
	case arg < 24:
		return append(dst, major|byte(arg))
	case arg <= math.MaxUint8:
		return append(dst, major|24, byte(arg))
	case arg <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(arg))
	case arg <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(arg))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), arg)
	}
}

func (w *cborWriter) null() {
	w.value()
	w.dst = append(w.dst, cborSimple|22)
}

func (w *cborWriter) boolean(v bool) {
	w.value()
	if v {
		w.dst = append(w.dst, cborSimple|21)
		return
	}
	w.dst = append(w.dst, cborSimple|20)
}

func (w *cborWriter) integer(v int64) {
	w.value()
	if v < 0 {
		w.dst = appendCBORHead(w.dst, cborNegative, ^uint64(v))
		return
	}
	w.dst = appendCBORHead(w.dst, cborUint, uint64(v))
}

func (w *cborWriter) unsigned(v uint64) {
	w.value()
	w.dst = appendCBORHead(w.dst, cborUint, v)
}

func (w *cborWriter) float(v float64) {
	w.value()
	w.dst = binary.BigEndian.AppendUint64(append(w.dst, cborSimple|27), math.Float64bits(v))
}

func (w *cborWriter) text(v []byte) {
	w.value()
	w.dst = append(appendCBORHead(w.dst, cborText, uint64(len(v))), v...)
}

func (w *cborWriter) str(v string) {
	w.value()
	v = validText(v)
	w.dst = append(appendCBORHead(w.dst, cborText, uint64(len(v))), v...)
}

func (w *cborWriter) binary(v []byte) {
	w.value()
	w.dst = append(appendCBORHead(w.dst, cborBytes, uint64(len(v))), v...)
}

func (w *cborWriter) key(v []byte)  { w.text(v) }
func (w *cborWriter) name(v string) { w.str(v) }
func (w *cborWriter) openArray()    { w.enter() }
func (w *cborWriter) openMap()      { w.enter() }

func (w *cborWriter) closeArray() {
	c := w.leave()
	var head [9]byte
	w.head(c.head, appendCBORHead(head[:0], cborArray, uint64(c.count)))
}

func (w *cborWriter) closeMap() {
	c := w.leave()
	var head [9]byte
	w.head(c.head, appendCBORHead(head[:0], cborMap, uint64(c.count/2)))
}
