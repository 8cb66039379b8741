package wamp

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonFormat reads frames that jsontext found to be well-formed (RFC 7493: UTF-8, no lone
// surrogates, no name twice), so what it reads itself needs no second grammar: it only has to
// find where values begin and end.
type jsonFormat struct{}

func (jsonFormat) check(frame []byte) error {
	if jsontext.Value(frame).IsValid() {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(frame)) // again, slowly, to say what is wrong
	err := d.SkipValue()
	if err == nil {
		if _, err = d.ReadToken(); err == nil {
			return errTrailing
		}
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("is not valid JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return err
}

func (jsonFormat) unique() bool { return true }

func (jsonFormat) trim(b []byte) []byte {
	for i, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n', ',', ':':
		default:
			return b[i:]
		}
	}
	return nil
}

func (f jsonFormat) end(b []byte) ([]byte, bool) {
	b = f.trim(b)
	if len(b) > 0 && (b[0] == ']' || b[0] == '}') {
		return b[1:], true
	}
	return b, false
}

func (f jsonFormat) next(b []byte) (token, []byte, error) {
	b = f.trim(b)
	if len(b) == 0 {
		return token{}, nil, errShort
	}
	switch b[0] {
	case '"':
		return nextJSONString(b)
	case '[':
		return container(kindArray, untilEnd), b[1:], nil
	case '{':
		return container(kindMap, untilEnd), b[1:], nil
	case ']', '}':
		return token{}, nil, errUnexpected
	case 'n':
		return nextJSONLiteral(b, token{kind: kindNull}, len("null"))
	case 'f':
		return nextJSONLiteral(b, token{kind: kindBool}, len("false"))
	case 't':
		return nextJSONLiteral(b, token{kind: kindBool, num: 1}, len("true"))
	default:
		return nextJSONNumber(b)
	}
}

func (f jsonFormat) key(b []byte) (token, []byte, error) { return f.next(b) }

func nextJSONLiteral(b []byte, t token, length int) (token, []byte, error) {
	if len(b) < length {
		return token{}, nil, errShort
	}
	return t, b[length:], nil
}

func nextJSONString(b []byte) (token, []byte, error) {
	t := token{kind: kindText}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			t.escaped = true
			i++
		case '"':
			if t.data = b[1:i]; t.escaped {
				t.data = b[:i+1]
			}
			return t, b[i+1:], nil
		}
	}
	return token{}, nil, errShort
}

var errRange = errors.New("has a number that no 64-bit float can hold")

// nextJSONNumber keeps integers of 64 bits exactly; larger ones become floats, as in every
// browser. A number has a fraction or an exponent to be a float: 1.0 is one.
func nextJSONNumber(b []byte) (token, []byte, error) {
	n, isFloat := 0, false
scan:
	for ; n < len(b); n++ {
		switch c := b[n]; {
		case c >= '0' && c <= '9', c == '-', c == '+':
		case c == '.', c == 'e', c == 'E':
			isFloat = true
		default:
			break scan
		}
	}
	text, rest := b[:n], b[n:]
	if !isFloat && string(text) != "-0" { // minus zero is a float that only looks like an integer
		if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			return token{kind: kindInt, num: uint64(v)}, rest, nil
		}
		if v, err := strconv.ParseUint(string(text), 10, 64); err == nil {
			return token{kind: kindUint, num: v}, rest, nil
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return token{}, nil, errRange
	}
	return number(v), rest, nil
}

// plain gives the bytes of a text or a binary, without quotes and escapes.
func (t token) plain() []byte {
	if !t.escaped {
		return t.data
	}
	text, _ := jsontext.AppendUnquote(make([]byte, 0, len(t.data)), t.data) // checked with the frame
	return text
}

// resolve gives a token whose data is what the value means: escapes are undone, and a JSON string
// that carries a binary becomes one. A binary in JSON is U+0000 and its base64 (WAMP, "Binary
// conversion of JSON Strings"); with anything else behind U+0000 a string is just a string.
func (t token) resolve() token {
	if !t.escaped {
		return t
	}
	t.data = t.plain()
	t.escaped = false
	if len(t.data) == 0 || t.data[0] != 0 {
		return t
	}
	encoded := t.data[1:]
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Strict().Decode(decoded, encoded)
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(encoded) { // the decoder passes over line ends
		return t
	}
	t.kind, t.data = kindBinary, decoded[:n]
	return t
}

func (jsonFormat) writer(dst []byte) writer { return &jsonWriter{dst: dst, start: len(dst)} }

type jsonWriter struct {
	dst   []byte
	start int
}

func (w *jsonWriter) bytes() []byte { return w.dst }

// separate puts the comma before all values but the first of an array or a map: what stands last
// tells which one it is.
func (w *jsonWriter) separate() {
	if len(w.dst) == w.start {
		return
	}
	switch w.dst[len(w.dst)-1] {
	case '[', '{', ':':
	default:
		w.dst = append(w.dst, ',')
	}
}

func (w *jsonWriter) null() {
	w.separate()
	w.dst = append(w.dst, "null"...)
}

func (w *jsonWriter) boolean(v bool) {
	w.separate()
	w.dst = strconv.AppendBool(w.dst, v)
}

func (w *jsonWriter) integer(v int64) {
	w.separate()
	w.dst = strconv.AppendInt(w.dst, v, 10)
}

func (w *jsonWriter) unsigned(v uint64) {
	w.separate()
	w.dst = strconv.AppendUint(w.dst, v, 10)
}

// float writes what can only be read as a float. JSON has no form for NaN and the infinities:
// they become null, as in every browser.
func (w *jsonWriter) float(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.null()
		return
	}
	w.separate()
	w.dst = appendJSONFloat(w.dst, v)
}

func appendJSONFloat(dst []byte, v float64) []byte {
	at := len(dst)
	dst = jsontext.AppendFloat(dst, v, 64)
	if bytes.ContainsAny(dst[at:], ".e") {
		return dst
	}
	return append(dst, ".0"...)
}

func (w *jsonWriter) text(v []byte) {
	w.separate()
	w.dst, _ = jsontext.AppendQuote(w.dst, v)
}

func (w *jsonWriter) str(v string) {
	w.separate()
	w.dst, _ = jsontext.AppendQuote(w.dst, v)
}

func (w *jsonWriter) binary(v []byte) {
	w.separate()
	w.dst = append(w.dst, `"\u0000`...)
	w.dst = base64.StdEncoding.AppendEncode(w.dst, v)
	w.dst = append(w.dst, '"')
}

func (w *jsonWriter) key(v []byte) {
	w.text(v)
	w.dst = append(w.dst, ':')
}

func (w *jsonWriter) name(v string) {
	w.str(v)
	w.dst = append(w.dst, ':')
}

func (w *jsonWriter) openArray() {
	w.separate()
	w.dst = append(w.dst, '[')
}

func (w *jsonWriter) openMap() {
	w.separate()
	w.dst = append(w.dst, '{')
}

func (w *jsonWriter) closeArray() { w.dst = append(w.dst, ']') }
func (w *jsonWriter) closeMap()   { w.dst = append(w.dst, '}') }

func (w *jsonWriter) raw(v []byte) {
	w.separate()
	w.dst = append(w.dst, v...)
}
