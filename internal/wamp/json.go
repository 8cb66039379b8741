package wamp

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonFormat implements JSON as restricted by RFC 7493: valid UTF-8, no lone surrogates, no duplicate names.
// Reading accepts the same texts as jsontext, in one pass and without its allocations (a fuzz target compares
// them). For texts that are refused, jsontext then supplies the error.
type jsonFormat struct{}

// errJSON makes decode call explain, which returns the details.
var errJSON = errors.New("is not valid JSON")

func (f jsonFormat) explain(frame []byte) error {
	if err := explainJSON(frame, jsontext.AllowDuplicateNames(true)); err != nil || len(frame) > maxExplained {
		return err
	}
	return explainJSON(frame)
}

// maxExplained is the longest frame in which a duplicate name is looked for once more, to say where it is. jsontext
// remembers all names for that, which takes very many bytes for each of them.
const maxExplained = 1 << 10

func explainJSON(frame []byte, options ...jsontext.Options) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(frame), options...)
	err := d.SkipValue()
	if err == nil {
		if _, err = d.ReadToken(); err == nil {
			return errTrailing
		}
		if errors.Is(err, io.EOF) {
			return nil
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

// checkJSON checks a text that must be one value.
func checkJSON(text []byte, depth int) (span, error) {
	f := jsonFormat{}
	e, err := f.skip(text, depth)
	if err == nil && len(f.trim(text[e.size:])) > 0 {
		err = errTrailing
	}
	if err != nil {
		return span{}, cmp.Or(f.explain(text), err)
	}
	return e, nil
}

// isFramedJSON reports whether a text has the grammar of one JSON value, whatever its strings and numbers hold.
func isFramedJSON(text []byte) bool {
	f := jsonFormat{}
	e, err := f.measure(text)
	return err == nil && len(f.trim(text[e.size:])) == 0
}

func (jsonFormat) trim(b []byte) []byte { return b[jsonSpace(b):] }

// jsonSpace counts the white space before a value. Hardly any client sends white space.
func jsonSpace(b []byte) int {
	if len(b) > 0 && b[0] > ' ' {
		return 0
	}
	for i, c := range b {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return i
		}
	}
	return len(b)
}

func (jsonFormat) next(b []byte) (token, []byte, int, error) {
	at := jsonSpace(b)
	if at == len(b) {
		return token{}, nil, 0, errShort
	}
	switch b[at] {
	case '"':
		return nextJSONString(b, at)
	case '[':
		return containerToken(kindArray, indefinite), nil, at + 1, nil
	case '{':
		return containerToken(kindMap, indefinite), nil, at + 1, nil
	case 'n':
		return nextJSONLiteral(b, at, "null", token{kind: kindNull})
	case 'f':
		return nextJSONLiteral(b, at, "false", token{kind: kindBool})
	case 't':
		return nextJSONLiteral(b, at, "true", token{kind: kindBool, num: 1})
	default:
		t, n, err := nextJSONNumber(b, at)
		return t, nil, n, err
	}
}

func (jsonFormat) key(b []byte) (token, []byte, int, error) {
	at := jsonSpace(b)
	if at == len(b) || b[at] != '"' {
		return token{}, nil, 0, errJSON
	}
	t, name, n, err := nextJSONString(b, at)
	if err != nil {
		return token{}, nil, 0, err
	}
	n += jsonSpace(b[n:])
	if n == len(b) || b[n] != ':' {
		return token{}, nil, 0, errJSON
	}
	return t, name, n + 1, nil
}

func (jsonFormat) more(b []byte, k kind, i int) (int, bool, error) {
	at := jsonSpace(b)
	if at == len(b) {
		return 0, false, errShort
	}
	switch {
	case i > 0 && b[at] == ',':
		return at + 1, true, nil
	case b[at] == closing(k):
		return at + 1, false, nil
	case i == 0:
		return at, true, nil
	default:
		return 0, false, errJSON
	}
}

func closing(k kind) byte {
	if k == kindMap {
		return '}'
	}
	return ']'
}

func nextJSONLiteral(b []byte, at int, literal string, t token) (token, []byte, int, error) {
	if !bytes.HasPrefix(b[at:], []byte(literal)) {
		return token{}, nil, 0, errJSON
	}
	return t, nil, at + len(literal), nil
}

// unquote returns the bytes of a text or a binary, without quotes and escapes.
func (t token) unquote(data []byte) []byte {
	if !t.escaped {
		return data
	}
	text, _ := jsontext.AppendUnquote(make([]byte, 0, len(data)), data) // the string was checked when it was read
	return text
}

// resolve returns the token and the data without quotes and escapes. A JSON string of U+0000 and base64 becomes
// a binary (WAMP, "Binary conversion of JSON Strings"). If other text follows U+0000, the string stays a string.
func (t token) resolve(data []byte) (token, []byte) {
	if !t.escaped {
		return t, data
	}
	data = t.unquote(data)
	t.escaped = false
	if len(data) == 0 || data[0] != 0 {
		return t, data
	}
	encoded := data[1:]
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Strict().Decode(decoded, encoded)
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(encoded) { // the decoder ignores line ends
		return t, data
	}
	t.kind = kindBinary
	return t, decoded[:n]
}

func (jsonFormat) appendNull(dst []byte) []byte           { return append(dst, "null"...) }
func (jsonFormat) appendBool(dst []byte, v bool) []byte   { return strconv.AppendBool(dst, v) }
func (jsonFormat) appendInt(dst []byte, v int64) []byte   { return strconv.AppendInt(dst, v, 10) }
func (jsonFormat) appendUint(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 10) }

// appendFloat appends a number that readers take for a float. JSON has no form for NaN and the infinities,
// which become null, as in every browser.
func (f jsonFormat) appendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return f.appendNull(dst)
	}
	at := len(dst)
	dst = jsontext.AppendFloat(dst, v, 64)
	if bytes.ContainsAny(dst[at:], ".e") {
		return dst
	}
	return append(dst, ".0"...)
}

func (jsonFormat) appendBinary(dst, v []byte) []byte {
	dst = append(dst, `"\u0000`...)
	dst = base64.StdEncoding.AppendEncode(dst, v)
	return append(dst, '"')
}

func (jsonFormat) appendText(dst, v []byte) []byte          { return appendJSONString(dst, v) }
func (jsonFormat) appendString(dst []byte, v string) []byte { return appendJSONString(dst, v) }
func (jsonFormat) appendKey(dst, v []byte) []byte           { return append(appendJSONString(dst, v), ':') }

func (jsonFormat) appendName(dst []byte, v string) []byte {
	return append(appendJSONString(dst, v), ':')
}
func (jsonFormat) close(dst []byte, k kind, _, _ int) []byte { return append(dst, closing(k)) }

func (jsonFormat) open(dst []byte, k kind) []byte {
	if k == kindMap {
		return append(dst, '{')
	}
	return append(dst, '[')
}

func appendJSONString[T string | []byte](dst []byte, v T) []byte {
	if !plainASCII(v) {
		dst, _ = jsontext.AppendQuote(dst, v) // cannot fail: the caller passes valid UTF-8
		return dst
	}
	dst = append(dst, '"')
	dst = append(dst, v...)
	return append(dst, '"')
}
