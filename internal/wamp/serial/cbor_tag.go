package serial

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A CBOR payload keeps its tags for clients that speak CBOR. In other serializations a tagged value becomes:
//
//	tag       content       becomes
//	1         seconds       text, ISO 8601
//	2, 3      bytes         an integer that fits 64 bits, or the text of its digits
//	4         [exp, int]    text, as in Python's Decimal
//	5         [exp, int]    text, if a 64-bit float holds the number
//	37        16 bytes      text, a UUID
//	64        bytes         a binary (JavaScript's Uint8Array)
//	55799     any           the content
//	any       text          that text: dates of tag 0 and 1004, URIs, regular expressions
//
// Any other tag has no form there.
const (
	cborEpoch       = 1
	cborBig         = 2
	cborBigNegative = 3
	cborDecimal     = 4
	cborBigFloat    = 5
	cborUUID        = 37
	cborUint8Array  = 64
	cborSelf        = 55799
)

var (
	errTag      = errors.New("has a CBOR tag, for which other serializations have no form")
	errBig      = fmt.Errorf("has a CBOR number of more than %d bytes", maxBigBytes)
	errBigFloat = errors.New("has a CBOR number that no 64-bit float can hold")
	errExponent = fmt.Errorf("has a CBOR number with an exponent above %d", maxExponent)
)

// maxBigBytes bounds the time that the conversion of one number to text takes. No 64-bit float holds a larger integer.
const maxBigBytes = 128

// maxExponent is far above the exponents that programs use.
const maxExponent = 1_000_000

// cborTagged reads a tagged value as its content.
type cborTagged struct{ cborFormat }

func (f cborTagged) key(b []byte) (Token, []byte, int, error) { return f.next(b) }

func (cborTagged) next(b []byte) (Token, []byte, int, error) {
	if len(b) == 0 || b[0]&0xe0 != cborTag {
		return cborFormat{}.next(b)
	}
	tags := 0
	for n := 0; tags < len(b) && b[tags]&0xe0 == cborTag; n++ {
		if n == MaxDepth {
			return Token{}, nil, 0, ErrDepth
		}
		_, size, err := cborArgument(b[tags:], b[tags]&0x1f)
		if err != nil {
			return Token{}, nil, 0, err
		}
		tags += size
	}
	t, data, n, err := cborFormat{}.next(b[tags:])
	return t, data, tags + n, err
}

// nextCBORTagged reads the content at b[at] as the value that it becomes in other serializations.
func nextCBORTagged(b []byte, at int, tag uint64) (Token, []byte, int, error) {
	for tag == cborSelf && at < len(b) && b[at]&0xe0 == cborTag {
		next, n, err := cborArgument(b[at:], b[at]&0x1f)
		if err != nil {
			return Token{}, nil, 0, err
		}
		tag, at = next, at+n
	}
	if at < len(b) && b[at]&0xe0 == cborTag {
		return Token{}, nil, 0, errTag
	}
	t, data, n, err := cborFormat{}.next(b[at:])
	end := at + n
	switch {
	case err != nil || tag == cborSelf || t.Kind == KindText:
		return t, data, end, err
	case tag == cborEpoch && (t.Kind == KindInt || t.Kind == KindFloat):
		data, err = cborTime(t)
	case (tag == cborBig || tag == cborBigNegative) && t.Kind == KindBinary:
		t, data, err = cborInteger(tag, data)
		return t, data, end, err
	case (tag == cborDecimal || tag == cborBigFloat) && t.Kind == KindArray:
		data, end, err = cborFraction(tag, b, at)
	case tag == cborUUID && t.Kind == KindBinary && len(data) == 16:
		data = fmt.Appendf(nil, "%x-%x-%x-%x-%x", data[:4], data[4:6], data[6:8], data[8:10], data[10:])
	case tag == cborUint8Array && t.Kind == KindBinary:
		return t, data, end, nil
	default:
		err = fmt.Errorf("%w (%d)", errTag, tag)
	}
	return Token{Kind: KindText}, data, end, err
}

// cborTime returns the text of seconds since 1970. A float holds microseconds, and digits below them are noise.
func cborTime(t Token) ([]byte, error) {
	if t.Kind == KindInt {
		return timeText(int64(t.num), 0)
	}
	v := t.Float()
	if !(math.Abs(v) <= maxSeconds) { // also NaN
		return nil, errTime
	}
	seconds := math.Floor(v)
	micros := int64(math.Round((v - seconds) * 1e6))
	if micros == 1e6 {
		seconds, micros = seconds+1, 0
	}
	return timeText(int64(seconds), micros*1000)
}

// cborInteger returns the integer of a big number, or the text of its digits if it does not fit 64 bits.
func cborInteger(tag uint64, data []byte) (Token, []byte, error) {
	v, err := cborBigInt(tag, data)
	switch {
	case err != nil:
		return Token{}, nil, err
	case v.IsInt64():
		return Token{Kind: KindInt, num: uint64(v.Int64())}, nil, nil
	case v.IsUint64():
		return Token{Kind: KindUint, num: v.Uint64()}, nil, nil
	default:
		return Token{Kind: KindText}, v.Append(nil, 10), nil
	}
}

func cborBigInt(tag uint64, data []byte) (*big.Int, error) {
	if len(data) > maxBigBytes {
		return nil, errBig
	}
	v := new(big.Int).SetBytes(data)
	if tag == cborBigNegative {
		v.Not(v)
	}
	return v, nil
}

// cborFraction reads an array of an exponent and a mantissa, and returns the text of the number.
func cborFraction(tag uint64, b []byte, at int) (text []byte, end int, err error) {
	r := Reader{f: cborFormat{}, b: b, pos: at}
	array, _ := r.Next()
	if !r.More(KindArray, array.Length(), 0) {
		r.Fail(errTag)
	}
	exponent, _ := r.Next()
	if !r.More(KindArray, array.Length(), 1) {
		r.Fail(errTag)
	}
	mantissa := r.bigInt()
	if r.More(KindArray, array.Length(), 2) || exponent.Kind != KindInt {
		r.Fail(errTag)
	}
	if power := int64(exponent.num); power > maxExponent || power < -maxExponent {
		r.Fail(errExponent)
	}
	if r.err != nil {
		return nil, 0, r.err
	}
	if tag == cborDecimal {
		return decimalText(mantissa, int64(exponent.num)), r.pos, nil
	}
	text, err = bigFloatText(mantissa, int64(exponent.num))
	return text, r.pos, err
}

// bigInt reads an integer of any size.
func (r *Reader) bigInt() *big.Int {
	if r.err != nil {
		return nil
	}
	tag, at, err := uint64(0), r.pos, error(nil)
	if at < len(r.b) && r.b[at]&0xe0 == cborTag {
		n := 0
		if tag, n, err = cborArgument(r.b[at:], r.b[at]&0x1f); err != nil {
			r.Fail(err)
			return nil
		}
		r.pos += n
	}
	t, data := r.Next()
	switch {
	case tag == 0 && t.Kind == KindInt:
		return big.NewInt(int64(t.num))
	case tag == 0 && t.Kind == KindUint:
		return new(big.Int).SetUint64(t.num)
	case (tag == cborBig || tag == cborBigNegative) && t.Kind == KindBinary:
		v, err := cborBigInt(tag, data)
		if err != nil {
			r.Fail(err)
		}
		return v
	}
	r.Fail(errTag)
	return nil
}

// decimalText returns mantissa * 10^exponent, with an exponent only for numbers that would have many zeros.
func decimalText(mantissa *big.Int, exponent int64) []byte {
	sign, digits := "", new(big.Int).Abs(mantissa).String()
	if mantissa.Sign() < 0 {
		sign = "-"
	}
	point := exponent + int64(len(digits)) // digits before the decimal point
	suffix := ""
	if exponent > 0 || point <= -6 {
		suffix = fmt.Sprintf("E%+d", point-1)
		point = 1
	}
	switch {
	case point <= 0:
		digits = "0." + strings.Repeat("0", int(-point)) + digits
	case point < int64(len(digits)):
		digits = digits[:point] + "." + digits[point:]
	}
	return []byte(sign + digits + suffix)
}

// bigFloatText returns mantissa * 2^exponent, if a float holds it exactly. The exact digits of other numbers could be a
// hundred times as long as the number in CBOR.
func bigFloatText(mantissa *big.Int, exponent int64) ([]byte, error) {
	m, accuracy := new(big.Float).SetInt(mantissa).Float64()
	v := math.Ldexp(m, int(exponent))
	if accuracy != big.Exact || math.IsInf(v, 0) || math.Ldexp(v, int(-exponent)) != m {
		return nil, errBigFloat
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
}

// extent implements [structured].
func (f cborFormat) extent(b []byte, _ slot) (extent, error) {
	if len(b) == 0 {
		return extent{}, errShort
	}
	major, info := b[0]&0xe0, b[0]&0x1f
	switch {
	case major == cborSimple && info == cborIndefinite:
		return extent{}, errUnexpected
	case major == cborArray || major == cborMap:
		if info == cborIndefinite {
			return extent{kind: containerKind(major), size: 1, values: Indefinite}, nil
		}
	case (major == cborBytes || major == cborText) && info == cborIndefinite:
		return f.chunks(b, major)
	}
	arg, n, err := cborArgument(b, info)
	if err != nil {
		return extent{}, err
	}
	switch major {
	case cborBytes, cborText:
		if arg > uint64(len(b)-n) {
			return extent{}, errShort
		}
		return extent{kind: stringKind(major), size: n + int(arg)}, nil
	case cborArray, cborMap:
		x := extent{kind: containerKind(major), size: n}
		x.values, err = countValues(x.kind, arg, b[n:])
		return x, err
	case cborTag:
		return extent{size: n, values: 1, isTag: true}, nil
	case cborSimple:
		return extent{kind: simpleKind(info), size: n}, nil
	default:
		return extent{kind: KindInt, size: n}, nil
	}
}

// chunks returns the extent of a string of indefinite length.
func (cborFormat) chunks(b []byte, major byte) (extent, error) {
	for n := 1; n < len(b); {
		rest := b[n:]
		if rest[0] == cborBreak {
			return extent{kind: stringKind(major), size: n + 1}, nil
		}
		length, head, err := cborArgument(rest, rest[0]&0x1f)
		if err == nil && rest[0]&0xe0 != major {
			err = errMalformed
		}
		if err == nil && length > uint64(len(rest)-head) {
			err = errShort
		}
		if err != nil {
			return extent{}, err
		}
		n += head + int(length)
	}
	return extent{}, errShort
}

func stringKind(major byte) Kind {
	if major == cborText {
		return KindText
	}
	return KindBinary
}

// simpleKind returns the kind of a simple value or a float. Values that are not assigned count as null.
func simpleKind(info byte) Kind {
	switch info {
	case 20, 21:
		return KindBool
	case 25, 26, 27:
		return KindFloat
	default:
		return KindNull
	}
}
