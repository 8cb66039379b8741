package serial

import (
	"errors"
	"strconv"
)

var errRange = errors.New("has a number that no 64-bit float can hold")

// nextJSONNumber reads the number at b[at]. Integers of 64 bits are exact; larger integers become floats, as in
// every browser. A number with a fraction or an exponent, such as 1.0, is a float.
func nextJSONNumber(b []byte, at int) (Token, int, error) {
	s := scanJSONNumber(b, at)
	switch s.form {
	case notNumber:
		return Token{}, 0, errJSON
	case exactInteger:
		return Token{Kind: KindInt, num: uint64(s.integer)}, s.end, nil
	default:
		t, err := parseJSONNumber(string(b[at:s.end]), s.form != longInteger)
		return t, s.end, err
	}
}

func parseJSONNumber(text string, isFloat bool) (Token, error) {
	if !isFloat && text != "-0" { // minus zero is a float that has the form of an integer
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return Token{Kind: KindInt, num: uint64(v)}, nil
		}
		if v, err := strconv.ParseUint(text, 10, 64); err == nil {
			return Token{Kind: KindUint, num: v}, nil
		}
	}
	v, err := ParseFloat(text)
	if err != nil {
		return Token{}, errRange
	}
	return floatToken(v), nil
}

// jsonNumber describes a number that was scanned.
type jsonNumber struct {
	form    jsonNumberForm
	end     int
	integer int64 // the value of an exactInteger
}

type jsonNumberForm uint8

const (
	notNumber jsonNumberForm = iota
	exactInteger
	longInteger // or minus zero
	smallFloat
	longFloat // may be outside the range of a float
)

const (
	exactDigits = 18  // every integer of so many digits fits into 64 bits
	smallDigits = 200 // with an exponent of two digits below the largest float, which has 309 digits
)

// scanJSONNumber scans the number at b[at].
func scanJSONNumber(b []byte, at int) jsonNumber {
	i, sign := at, int64(1)
	if i < len(b) && b[i] == '-' {
		i, sign = i+1, -1
	}
	first, v := i, int64(0)
	for ; i < len(b) && isDigit(b[i]); i++ {
		v = 10*v + int64(b[i]-'0') // may overflow; then the number is no exactInteger
	}
	digits := i - first
	switch {
	case digits == 0, digits > 1 && b[first] == '0':
		return jsonNumber{}
	case i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e'):
		return scanJSONFloat(b, at, i)
	case digits > exactDigits, v == 0 && sign < 0:
		return jsonNumber{form: longInteger, end: i}
	default:
		return jsonNumber{form: exactInteger, end: i, integer: sign * v}
	}
}

// scanJSONFloat continues at b[i], where the integer part of a number ends.
func scanJSONFloat(b []byte, at, i int) jsonNumber {
	exponent := 0
	if b[i] == '.' {
		n := countDigits(b[i+1:])
		if n == 0 {
			return jsonNumber{}
		}
		i += 1 + n
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		exponent = countDigits(b[i:])
		if exponent == 0 {
			return jsonNumber{}
		}
		i += exponent
	}
	if i-at > smallDigits || exponent > 2 {
		return jsonNumber{form: longFloat, end: i}
	}
	return jsonNumber{form: smallFloat, end: i}
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func countDigits(b []byte) int {
	for i, c := range b {
		if !isDigit(c) {
			return i
		}
	}
	return len(b)
}
