package serial

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

// CheckJSON checks a text that must be one value, which stands depth levels deep, and returns it without white space
// around it.
func CheckJSON(text []byte, depth int) ([]byte, Span, error) {
	f := jsonFormat{}
	e, err := f.skip(text, depth)
	if err == nil && len(f.trim(text[e.size:])) > 0 {
		err = errTrailing
	}
	if err != nil {
		return nil, Span{}, cmp.Or(f.explain(text), err)
	}
	return f.trim(text[:e.size]), e, nil
}

// IsFramedJSON reports whether a text has the grammar of one JSON value, whatever its strings and numbers hold.
func IsFramedJSON(text []byte) bool {
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

func (jsonFormat) next(b []byte) (Token, []byte, int, error) {
	at := jsonSpace(b)
	if at == len(b) {
		return Token{}, nil, 0, errShort
	}
	switch b[at] {
	case '"':
		return nextJSONString(b, at)
	case '[':
		return containerToken(KindArray, Indefinite), nil, at + 1, nil
	case '{':
		return containerToken(KindMap, Indefinite), nil, at + 1, nil
	case 'n':
		return nextJSONLiteral(b, at, "null", Token{Kind: KindNull})
	case 'f':
		return nextJSONLiteral(b, at, "false", Token{Kind: KindBool})
	case 't':
		return nextJSONLiteral(b, at, "true", Token{Kind: KindBool, num: 1})
	default:
		t, n, err := nextJSONNumber(b, at)
		return t, nil, n, err
	}
}

func (jsonFormat) key(b []byte) (Token, []byte, int, error) {
	at := jsonSpace(b)
	if at == len(b) || b[at] != '"' {
		return Token{}, nil, 0, errJSON
	}
	t, name, n, err := nextJSONString(b, at)
	if err != nil {
		return Token{}, nil, 0, err
	}
	n += jsonSpace(b[n:])
	if n == len(b) || b[n] != ':' {
		return Token{}, nil, 0, errJSON
	}
	return t, name, n + 1, nil
}

func (jsonFormat) more(b []byte, k Kind, i int) (int, bool, error) {
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

func closing(k Kind) byte {
	if k == KindMap {
		return '}'
	}
	return ']'
}

func nextJSONLiteral(b []byte, at int, literal string, t Token) (Token, []byte, int, error) {
	if !bytes.HasPrefix(b[at:], []byte(literal)) {
		return Token{}, nil, 0, errJSON
	}
	return t, nil, at + len(literal), nil
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
func (jsonFormat) close(dst []byte, k Kind, _, _ int) []byte { return append(dst, closing(k)) }

func (jsonFormat) open(dst []byte, k Kind) []byte {
	if k == KindMap {
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
