package serial

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A jsonMeasurer finds the end of a value by the grammar of JSON alone. It takes any bytes between two quotes for a
// string, and the words for floats that JSON does not have. It is not recursive, because the depth is not limited here.
type jsonMeasurer struct {
	jsonScanner
	open []byte // the closing bytes of the arrays and objects that are open
}

func (f jsonFormat) measure(b []byte) (Span, error) {
	m := jsonMeasurer{jsonScanner: jsonScanner{b: b}}
	whole := Span{Kind: jsonKind(m.space())}
	for {
		m.begin()
		if m.end() {
			whole.size = m.i
			return whole, m.err
		}
	}
}

// jsonKind returns the kind of a value by its first byte. Numbers are integers here.
func jsonKind(first byte) Kind {
	switch first {
	case '"':
		return KindText
	case '[':
		return KindArray
	case '{':
		return KindMap
	case 'n':
		return KindNull
	case 'f', 't':
		return KindBool
	default:
		return KindInt
	}
}

// begin reads up to the end of a scalar, or up to the end of an empty array or object.
func (m *jsonMeasurer) begin() {
	for m.err == nil {
		switch c := m.space(); c {
		case '[', '{':
			closing := c + 2 // in ASCII
			m.i++
			if m.open = appendDoubling(m.open, closing); len(m.open) > len(m.b)-m.i {
				m.fail(errShort) // there is no room for so many ends
				return
			}
			if m.space() == closing {
				return
			}
			if c == '{' {
				m.name()
			}
		case '"':
			m.quoted()
			return
		default:
			m.scalar()
			return
		}
	}
}

// end closes the arrays and objects that end here. It reports whether the value is complete or malformed; otherwise
// another element follows.
func (m *jsonMeasurer) end() bool {
	for n := len(m.open); n > 0; n = len(m.open) {
		closing := m.open[n-1]
		switch m.space() {
		case closing:
			m.i++
			m.open = m.open[:n-1]
		case ',':
			m.i++
			if closing == '}' {
				m.name()
			}
			return m.err != nil
		default:
			m.fail(errJSON)
			return true
		}
	}
	return true
}

// name reads the name of a member and the colon.
func (m *jsonMeasurer) name() {
	if m.space() != '"' {
		m.fail(errJSON)
		return
	}
	m.quoted()
	if m.space() != ':' {
		m.fail(errJSON)
		return
	}
	m.i++
}

func (m *jsonMeasurer) quoted() {
	for i := m.i + 1; i < len(m.b); i++ {
		switch m.b[i] {
		case '\\':
			i++
		case '"':
			m.i = i + 1
			return
		}
	}
	m.fail(errJSON)
}

// notJSON are the floats that JSON has no form for, as some writers spell them.
var notJSON = []string{"NaN", "Infinity", "-Infinity"}

func (m *jsonMeasurer) scalar() {
	rest := m.b[m.i:]
	for _, words := range [...][]string{{"null", "true", "false"}, notJSON} {
		for _, word := range words {
			if bytes.HasPrefix(rest, []byte(word)) {
				m.i += len(word)
				return
			}
		}
	}
	n := scanJSONNumber(m.b, m.i)
	if n.form == notNumber {
		m.fail(errJSON)
		return
	}
	m.i = n.end
}

var (
	errControl = errors.New("has a string with a control character that is not escaped")
	errEscape  = errors.New("has a string with an escape that JSON does not have")
)

// jsonFlaw returns what is wrong with the value at the beginning of b: with a string, or with a word that is no value.
func jsonFlaw(b []byte) error {
	b = jsonFormat{}.trim(b)
	for _, word := range notJSON {
		if bytes.HasPrefix(b, []byte(word)) {
			return fmt.Errorf("is %s, for which JSON has no form", word)
		}
	}
	if len(b) > 0 && b[0] == '"' {
		return jsonStringFlaw(b)
	}
	return errJSON
}

// jsonStringFlaw returns what is wrong with the string whose first quote is b[0].
func jsonStringFlaw(b []byte) error {
	for i := 1; i < len(b) && b[i] != '"'; {
		size := 1
		switch c := b[i]; {
		case c < ' ':
			return errControl
		case c == '\\':
			if size = scanJSONEscape(b[i:]); size > 0 {
				break
			}
			if _, ok := jsonHex(b[i:]); ok {
				return fmt.Errorf(`has half of a surrogate pair (%s): the text was cut inside a character`, b[i:i+len(`\ud83d`)])
			}
			return errEscape
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRune(b[i:]); r == utf8.RuneError && size == 1 {
				return errUTF8
			}
		}
		i += size
	}
	return errJSON
}
