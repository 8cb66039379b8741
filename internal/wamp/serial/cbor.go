package serial

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// cborFormat implements CBOR (RFC 8949), with definite and indefinite lengths. Tags are converted or refused
// (cbor_tag.go), and so are simple values: no other serialization of WAMP has a form for them. Undefined, which
// JavaScript's packers write by default, is read as null.
type cborFormat struct{}

// The major types, in the first three bits of a head.
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
	cborBreak      = 0xff // ends a value of indefinite length
)

var (
	errSimple    = errors.New("has a CBOR simple value other than false, true, null and undefined")
	errMalformed = errors.New("has a malformed CBOR head")
)

func (cborFormat) explain([]byte) error                       { return nil }
func (cborFormat) trim(b []byte) []byte                       { return b }
func (f cborFormat) key(b []byte) (Token, []byte, int, error) { return f.next(b) }
func (f cborFormat) measure(b []byte) (Span, error)           { return measure(f, b) }

// skip accepts tags: they are passed on to clients that speak CBOR, too.
func (cborFormat) skip(b []byte, depth int) (Span, error) { return walk(cborTagged{}, b, depth) }

func (cborFormat) more(b []byte, _ Kind, _ int) (int, bool, error) {
	if len(b) > 0 && b[0] == cborBreak {
		return 1, false, nil
	}
	return 0, true, nil
}

func (f cborFormat) next(b []byte) (Token, []byte, int, error) {
	if len(b) == 0 {
		return Token{}, nil, 0, errShort
	}
	major, info := b[0]&0xe0, b[0]&0x1f
	if major == cborSimple {
		return nextCBORSimple(b, info)
	}
	if info == cborIndefinite {
		return nextCBORIndefinite(b, major)
	}
	arg, n, err := cborArgument(b, info)
	if err != nil {
		return Token{}, nil, 0, err
	}
	switch major {
	case cborUint:
		return Token{Kind: unsignedKind(arg), num: arg}, nil, n, nil
	case cborNegative:
		if arg > math.MaxInt64 {
			return floatToken(-1 - float64(arg)), nil, n, nil
		}
		return Token{Kind: KindInt, num: ^arg}, nil, n, nil
	case cborBytes, cborText:
		return cborString(major, b, n, arg)
	case cborTag:
		return nextCBORTagged(b, n, arg)
	default:
		if arg > uint64(len(b)-n) { // an element takes at least one byte
			return Token{}, nil, 0, errShort
		}
		return containerToken(containerKind(major), int(arg)), nil, n, nil
	}
}

func containerKind(major byte) Kind {
	if major == cborMap {
		return KindMap
	}
	return KindArray
}

// cborArgument reads a head and its argument.
func cborArgument(b []byte, info byte) (arg uint64, n int, err error) {
	if info < 24 {
		return uint64(info), 1, nil
	}
	if info > 27 {
		return 0, 0, errMalformed
	}
	n = 1 + 1<<(info-24)
	if len(b) < n {
		return 0, 0, errShort
	}
	return bigEndian(b[1:n]), n, nil
}

// cborString reads n bytes from b[at].
func cborString(major byte, b []byte, at int, n uint64) (Token, []byte, int, error) {
	if n > uint64(len(b)-at) {
		return Token{}, nil, 0, errShort
	}
	end := at + int(n)
	data := b[at:end:end]
	if major == cborBytes {
		return Token{Kind: KindBinary}, data, end, nil
	}
	if !utf8.Valid(data) {
		return Token{}, nil, 0, errUTF8
	}
	return Token{Kind: KindText}, data, end, nil
}

// nextCBORIndefinite reads the head of an array or a map of indefinite length, or all chunks of a string.
func nextCBORIndefinite(b []byte, major byte) (Token, []byte, int, error) {
	switch major {
	case cborArray, cborMap:
		return containerToken(containerKind(major), Indefinite), nil, 1, nil
	case cborBytes, cborText:
	default:
		return Token{}, nil, 0, errMalformed
	}
	whole := Token{Kind: KindBinary}
	if major == cborText {
		whole.Kind = KindText
	}
	var data []byte
	for n := 1; ; {
		rest := b[n:]
		if len(rest) == 0 {
			return Token{}, nil, 0, errShort
		}
		if rest[0] == cborBreak {
			return whole, data, n + 1, nil
		}
		if rest[0]&0xe0 != major {
			return Token{}, nil, 0, errMalformed
		}
		length, head, err := cborArgument(rest, rest[0]&0x1f)
		if err != nil {
			return Token{}, nil, 0, err
		}
		_, chunk, size, err := cborString(major, rest, head, length)
		if err != nil {
			return Token{}, nil, 0, err
		}
		data = append(data, chunk...)
		n += size
	}
}

func nextCBORSimple(b []byte, info byte) (Token, []byte, int, error) {
	switch info {
	case 20, 21:
		return Token{Kind: KindBool, num: uint64(info - 20)}, nil, 1, nil
	case 22, 23:
		return Token{Kind: KindNull}, nil, 1, nil
	case 25, 26, 27:
	case cborIndefinite:
		return Token{}, nil, 0, errUnexpected
	default:
		return Token{}, nil, 0, fmt.Errorf("%w (0x%02x)", errSimple, b[0])
	}
	bits, n, err := cborArgument(b, info)
	if err != nil {
		return Token{}, nil, 0, err
	}
	switch info {
	case 25:
		return floatToken(halfFloat(uint16(bits))), nil, n, nil
	case 26:
		return floatToken(float64(math.Float32frombits(uint32(bits)))), nil, n, nil
	default:
		return floatToken(math.Float64frombits(bits)), nil, n, nil
	}
}

// halfFloat converts a 16-bit float (RFC 8949, appendix D).
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

// appendCBORHead appends a major type and its argument in the shortest form.
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

func (cborFormat) appendNull(dst []byte) []byte           { return append(dst, cborSimple|22) }
func (cborFormat) appendUint(dst []byte, v uint64) []byte { return appendCBORHead(dst, cborUint, v) }
func (cborFormat) open(dst []byte, _ Kind) []byte         { return append(dst, 0) }

func (cborFormat) appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, cborSimple|21)
	}
	return append(dst, cborSimple|20)
}

func (cborFormat) appendInt(dst []byte, v int64) []byte {
	if v < 0 {
		return appendCBORHead(dst, cborNegative, ^uint64(v))
	}
	return appendCBORHead(dst, cborUint, uint64(v))
}

func (cborFormat) appendFloat(dst []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, cborSimple|27), math.Float64bits(v))
}

func (cborFormat) appendBinary(dst, v []byte) []byte {
	return append(appendCBORHead(dst, cborBytes, uint64(len(v))), v...)
}

func (cborFormat) appendText(dst, v []byte) []byte {
	return append(appendCBORHead(dst, cborText, uint64(len(v))), v...)
}

func (cborFormat) appendString(dst []byte, v string) []byte {
	return append(appendCBORHead(dst, cborText, uint64(len(v))), v...)
}

func (f cborFormat) appendKey(dst, v []byte) []byte         { return f.appendText(dst, v) }
func (f cborFormat) appendName(dst []byte, v string) []byte { return f.appendString(dst, v) }

func (cborFormat) close(dst []byte, k Kind, at, n int) []byte {
	major := byte(cborArray)
	if k == KindMap {
		major = cborMap
	}
	var head [9]byte
	return replaceHead(dst, at, appendCBORHead(head[:0], major, uint64(n)))
}
