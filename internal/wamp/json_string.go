package wamp

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

func nextJSONString(b []byte, at int) (t token, data []byte, n int, err error) {
	s := scanJSONString(b, at)
	switch {
	case s.end == 0:
		return token{}, nil, 0, errJSON
	case s.escaped:
		return token{kind: kindText, escaped: true}, b[at:s.end], s.end, nil
	default:
		return token{kind: kindText}, b[at+1 : s.end-1], s.end, nil
	}
}

// jsonString is what a string looks like.
type jsonString struct {
	end     int // behind the second quote; 0: it is none
	escaped bool
}

// Eight bytes are looked at at a time: each of these has one value in all of them.
const (
	low   = 0x0101010101010101
	high  = 0x8080808080808080
	quote = '"' * low
	slash = '\\' * low
	blank = ' ' * low
)

// special marks the bytes that end or bend a string, by their highest bits: quotes, backslashes, and
// what stands below the blank. Behind the first mark there may be false ones.
func special(w uint64) uint64 {
	q, s := w^quote, w^slash
	return ((w-blank)&^w | (q-low)&^q | (s-low)&^s) & high
}

// scanJSONString reads the string whose first quote is b[at].
func scanJSONString(b []byte, at int) jsonString {
	s := jsonString{}
	foreign := uint64(0) // has bits of high if there are bytes that are not ASCII
	for i := at + 1; ; {
		n, seen := plainLength(b[i:])
		foreign |= seen
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
	if foreign&high != 0 && !utf8.Valid(b[at+1:s.end-1]) {
		return jsonString{}
	}
	return s
}

// plainLength gives how many bytes stand before one that is special, and bits of all that it has seen.
func plainLength(b []byte) (n int, seen uint64) {
	for ; n+8 <= len(b); n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		seen |= w
		if marks := special(w); marks != 0 {
			return n + bits.TrailingZeros64(marks)/8, seen
		}
	}
	for ; n < len(b) && b[n] >= ' ' && b[n] != '"' && b[n] != '\\'; n++ {
		seen |= uint64(b[n])
	}
	return n, seen
}

// scanJSONEscape gives the length of what begins with a backslash: both halves of what takes two.
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

// jsonHex reads \uXXXX.
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

// plainASCII reports whether a text stands in JSON as it is.
func plainASCII[T string | []byte](v T) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
