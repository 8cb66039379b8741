package serial

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// msgpackFormat implements MessagePack with separate types for text and binary. Extension types are replaced or
// refused (msgpack_extension.go).
type msgpackFormat struct{}

func (msgpackFormat) explain([]byte) error                       { return nil }
func (msgpackFormat) trim(b []byte) []byte                       { return b }
func (f msgpackFormat) key(b []byte) (Token, []byte, int, error) { return f.next(b) }
func (f msgpackFormat) measure(b []byte) (Span, error)           { return measure(f, b) }
func (msgpackFormat) more([]byte, Kind, int) (int, bool, error)  { return 0, false, nil } // every length is announced

// skip refuses all extensions: the bytes of a value that it accepts can be passed on.
func (msgpackFormat) skip(b []byte, depth int) (Span, error) { return walk(msgpackPlain{}, b, depth) }

// The first bytes of values. The first byte of a small value holds its length or the value itself as well.
const (
	msgpackMap      = 0x80
	msgpackArray    = 0x90
	msgpackText     = 0xa0
	msgpackNil      = 0xc0
	msgpackFalse    = 0xc2
	msgpackTrue     = 0xc3
	msgpackBinary8  = 0xc4 // and 16, 32
	msgpackBinary32 = 0xc6
	msgpackFloat32  = 0xca
	msgpackFloat64  = 0xcb
	msgpackUint8    = 0xcc // and 16, 32, 64
	msgpackUint64   = 0xcf
	msgpackInt8     = 0xd0 // and 16, 32, 64
	msgpackInt64    = 0xd3
	msgpackText8    = 0xd9 // and 16, 32
	msgpackText32   = 0xdb
	msgpackArray16  = 0xdc // and 32
	msgpackArray32  = 0xdd
	msgpackMap16    = 0xde // and 32
	msgpackMap32    = 0xdf
	msgpackNegative = 0xe0
)

func (msgpackFormat) next(b []byte) (Token, []byte, int, error) {
	t, data, n, err := nextMsgpack(b)
	if err == errExtension { //nolint:errorlint // nothing wraps it
		return nextMsgpackExtension(b)
	}
	return t, data, n, err
}

func nextMsgpack(b []byte) (Token, []byte, int, error) {
	if len(b) == 0 {
		return Token{}, nil, 0, errShort
	}
	switch c := b[0]; {
	case c < msgpackMap:
		return Token{Kind: KindInt, num: uint64(c)}, nil, 1, nil
	case c < msgpackArray:
		return containerToken(KindMap, int(c-msgpackMap)), nil, 1, nil
	case c < msgpackText:
		return containerToken(KindArray, int(c-msgpackArray)), nil, 1, nil
	case c < msgpackNil:
		return msgpackString(KindText, b, 1, uint64(c-msgpackText))
	case c >= msgpackNegative:
		return Token{Kind: KindInt, num: uint64(int8(c))}, nil, 1, nil
	case c == msgpackNil:
		return Token{Kind: KindNull}, nil, 1, nil
	case c == msgpackFalse, c == msgpackTrue:
		return Token{Kind: KindBool, num: uint64(c - msgpackFalse)}, nil, 1, nil
	default:
		return nextMsgpackLong(b)
	}
}

// nextMsgpackLong reads a value that has a number of 1 to 8 bytes after its first byte.
func nextMsgpackLong(b []byte) (Token, []byte, int, error) {
	c := b[0]
	width := msgpackWidth(c)
	if width == 0 {
		if isMsgpackExtension(c) {
			return Token{}, nil, 0, errExtension
		}
		return Token{}, nil, 0, fmt.Errorf("has a byte that begins no MessagePack value (0x%02x)", c)
	}
	n := 1 + width
	if len(b) < n {
		return Token{}, nil, 0, errShort
	}
	v := bigEndian(b[1:n])
	switch {
	case c <= msgpackBinary32:
		return msgpackString(KindBinary, b, n, v)
	case c == msgpackFloat32:
		return floatToken(float64(math.Float32frombits(uint32(v)))), nil, n, nil
	case c == msgpackFloat64:
		return floatToken(math.Float64frombits(v)), nil, n, nil
	case c <= msgpackUint64:
		return Token{Kind: unsignedKind(v), num: v}, nil, n, nil
	case c <= msgpackInt64:
		unused := 64 - 8*width
		return Token{Kind: KindInt, num: uint64(int64(v<<unused) >> unused)}, nil, n, nil
	case c <= msgpackText32:
		return msgpackString(KindText, b, n, v)
	case c <= msgpackArray32:
		return containerToken(KindArray, int(v)), nil, n, nil
	default:
		return containerToken(KindMap, int(v)), nil, n, nil
	}
}

// msgpackWidth returns the number of bytes of the number after the first byte c, or 0 if c begins no value.
func msgpackWidth(c byte) int {
	switch {
	case c >= msgpackBinary8 && c <= msgpackBinary32:
		return 1 << (c - msgpackBinary8)
	case c == msgpackFloat32:
		return 4
	case c == msgpackFloat64:
		return 8
	case c >= msgpackUint8 && c <= msgpackUint64:
		return 1 << (c - msgpackUint8)
	case c >= msgpackInt8 && c <= msgpackInt64:
		return 1 << (c - msgpackInt8)
	case c >= msgpackText8 && c <= msgpackText32:
		return 1 << (c - msgpackText8)
	case c == msgpackArray16, c == msgpackMap16:
		return 2
	case c == msgpackArray32, c == msgpackMap32:
		return 4
	default:
		return 0
	}
}

// extent implements [structured].
func (msgpackFormat) extent(b []byte, _ slot) (extent, error) {
	if len(b) > 0 && isMsgpackExtension(b[0]) {
		_, _, end, err := msgpackExtensionData(b)
		return extent{size: end}, err
	}
	t, _, n, err := nextMsgpack(b)
	if err == errUTF8 { //nolint:errorlint // nothing wraps it
		n, err = msgpackTextSize(b), nil
		t.Kind = KindText
	}
	if err != nil {
		return extent{}, err
	}
	x := extent{kind: t.Kind, size: n}
	if t.Kind == KindArray || t.Kind == KindMap {
		x.values, err = countValues(t.Kind, t.num, b[n:])
	}
	return x, err
}

// msgpackTextSize returns the bytes of a whole text at the beginning of b, whose length was checked.
func msgpackTextSize(b []byte) int {
	c := b[0]
	if width := msgpackWidth(c); width > 0 {
		return 1 + width + int(bigEndian(b[1:1+width]))
	}
	return 1 + int(c-msgpackText)
}

// bigEndian reads a number of 1, 2, 4 or 8 bytes.
func bigEndian(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	default:
		return binary.BigEndian.Uint64(b)
	}
}

// msgpackString reads n bytes from b[at].
func msgpackString(k Kind, b []byte, at int, n uint64) (Token, []byte, int, error) {
	if n > uint64(len(b)-at) {
		return Token{}, nil, 0, errShort
	}
	end := at + int(n)
	data := b[at:end:end]
	if k == KindText && !utf8.Valid(data) {
		return Token{}, nil, 0, errUTF8
	}
	return Token{Kind: k}, data, end, nil
}

func unsignedKind(v uint64) Kind {
	if v > math.MaxInt64 {
		return KindUint
	}
	return KindInt
}

func (msgpackFormat) appendNull(dst []byte) []byte             { return msgp.AppendNil(dst) }
func (msgpackFormat) appendBool(dst []byte, v bool) []byte     { return msgp.AppendBool(dst, v) }
func (msgpackFormat) appendUint(dst []byte, v uint64) []byte   { return msgp.AppendUint64(dst, v) }
func (msgpackFormat) appendFloat(dst []byte, v float64) []byte { return msgp.AppendFloat64(dst, v) }
func (msgpackFormat) appendBinary(dst, v []byte) []byte        { return msgp.AppendBytes(dst, v) }
func (msgpackFormat) appendText(dst, v []byte) []byte          { return msgp.AppendStringFromBytes(dst, v) }
func (msgpackFormat) appendString(dst []byte, v string) []byte { return msgp.AppendString(dst, v) }
func (f msgpackFormat) appendKey(dst, v []byte) []byte         { return f.appendText(dst, v) }
func (f msgpackFormat) appendName(dst []byte, v string) []byte { return f.appendString(dst, v) }
func (msgpackFormat) open(dst []byte, _ Kind) []byte           { return append(dst, 0) }

func (msgpackFormat) appendInt(dst []byte, v int64) []byte {
	if v >= 0 { // AppendInt64 writes a longer form of some
		return msgp.AppendUint64(dst, uint64(v))
	}
	return msgp.AppendInt64(dst, v)
}

func (msgpackFormat) close(dst []byte, k Kind, at, n int) []byte {
	var head [5]byte
	if k == KindMap {
		return replaceHead(dst, at, msgp.AppendMapHeader(head[:0], uint32(n)))
	}
	return replaceHead(dst, at, msgp.AppendArrayHeader(head[:0], uint32(n)))
}
