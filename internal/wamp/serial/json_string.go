package serial

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// nextJSONString reads the string at b[at]. The data of a string without escapes has no quotes.
func nextJSONString(b []byte, at int) (t Token, data []byte, n int, err error) {
	s := scanJSONString(b, at)
	switch {
	case s.end == 0:
		return Token{}, nil, 0, errJSON
	case s.escaped:
		return Token{Kind: KindText, escaped: true}, b[at:s.end], s.end, nil
	default:
		return Token{Kind: KindText}, b[at+1 : s.end-1], s.end, nil
	}
}

// jsonString describes a string that was scanned.
type jsonString struct {
	end     int // the index after the closing quote; 0 if the string is malformed
	escaped bool
}

// Strings are scanned eight bytes at a time (SWAR, SIMD within a register). Each constant repeats one byte.
const (
	swarOnes      = 0x0101010101010101
	swarHigh      = 0x8080808080808080
	swarQuote     = '"' * swarOnes
	swarBackslash = '\\' * swarOnes
	swarSpace     = ' ' * swarOnes
)

// specialBytes sets the highest bit of each byte that is a quote, a backslash or below the space. Only the first
// mark is reliable; bytes above it may be marked wrongly.
func specialBytes(w uint64) uint64 {
	q, s := w^swarQuote, w^swarBackslash
	return ((w-swarSpace)&^w | (q-swarOnes)&^q | (s-swarOnes)&^s) & swarHigh
}

// scanJSONString scans the string whose first quote is b[at].
func scanJSONString(b []byte, at int) jsonString {
	s := jsonString{}
	nonASCII := uint64(0) // the union of all bytes: bits of swarHigh show bytes that are not ASCII
	for i := at + 1; ; {
		n, seen := plainLength(b[i:])
		nonASCII |= seen
		if i += n; i == len(b) || b[i] < ' ' {
			return jsonString{}
		}
		if b[i] == '"' {
			s.end = i + 1
			break
		}
		if n = scanJSONEscape(b[i:]); n == 0 {
			return jsonString{}
		}
		s.escaped = true
		i += n
	}
	if nonASCII&swarHigh != 0 && !utf8.Valid(b[at+1:s.end-1]) {
		return jsonString{}
	}
	return s
}

// plainLength returns the number of bytes before the first special byte, and the union of the bytes it read.
func plainLength(b []byte) (n int, seen uint64) {
	for ; n+8 <= len(b); n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		seen |= w
		if marks := specialBytes(w); marks != 0 {
			return n + bits.TrailingZeros64(marks)/8, seen
		}
	}
	for ; n < len(b) && b[n] >= ' ' && b[n] != '"' && b[n] != '\\'; n++ {
		seen |= uint64(b[n])
	}
	return n, seen
}

// scanJSONEscape returns the length of the escape at b[0], or 0 if it is malformed. A surrogate pair counts as
// one escape.
func scanJSONEscape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return 0
	}
	r, ok := jsonHex(b)
	if !ok {
		return 0
	}
	if !utf16.IsSurrogate(r) {
		return 6
	}
	second, ok := jsonHex(b[6:])
	if !ok || utf16.DecodeRune(r, second) == utf8.RuneError {
		return 0
	}
	return 12
}

// jsonHex reads an escape with four hexadecimal digits.
func jsonHex(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// plainASCII reports whether a text needs no escapes in JSON.
func plainASCII[T string | []byte](v T) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
