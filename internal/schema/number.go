package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// decode decodes a JSON text into nil, bool, int64, uint64, float64, string, []any and map[string]any. Each number has
// one form: an integer of 64 bits if it has that value, and a float otherwise, as receivers read it.
func decode(text []byte) (any, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	value, bad := decodeNumbers(value)
	if bad != nil {
		return nil, bad
	}
	return value, nil
}

// numberError reports a number that is out of range. The library computes with exact fractions, in which 1e-999999 has
// a million digits.
type numberError struct {
	path []string // of the number, innermost first
	text string
}

// maxNumberText bounds how much of a number an error quotes.
const maxNumberText = 40

// Error implements error.
func (e *numberError) Error() string {
	text := e.text
	if len(text) > maxNumberText {
		text = text[:maxNumberText] + "..."
	}
	path := make([]string, 0, len(e.path))
	for i := len(e.path) - 1; i >= 0; i-- {
		path = append(path, e.path[i])
	}
	return fmt.Sprintf("at %s: the number %s is out of the range of 64-bit floats", pointer(path), text)
}

func (e *numberError) in(member string) *numberError {
	e.path = append(e.path, member)
	return e
}

// decodeNumbers replaces the numbers of a value, in place where it can.
func decodeNumbers(value any) (any, *numberError) {
	switch v := value.(type) {
	case json.Number:
		number, ok := numberOf(string(v))
		if !ok {
			return nil, &numberError{text: string(v)}
		}
		return number, nil
	case []any:
		for i, item := range v {
			decoded, bad := decodeNumbers(item)
			if bad != nil {
				return nil, bad.in(strconv.Itoa(i))
			}
			v[i] = decoded
		}
	case map[string]any:
		for name, member := range v {
			decoded, bad := decodeNumbers(member)
			if bad != nil {
				return nil, bad.in(name)
			}
			v[name] = decoded
		}
	}
	return value, nil
}

// numberOf returns the value of a JSON number. It reports false if a 64-bit float overflows, or becomes zero without
// being zero.
func numberOf(text string) (any, bool) {
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, true
	}
	if v, err := strconv.ParseUint(text, 10, 64); err == nil {
		return v, true
	}
	f, err := serial.ParseFloat(text)
	switch {
	case err != nil, f == 0 && !isZero(text):
		return nil, false
	case f != math.Trunc(f):
		return f, true
	case f >= math.MinInt64 && f < math.MaxInt64: // as a float, MaxInt64 is 2^63
		return int64(f), true
	case f > 0 && f < math.MaxUint64:
		return uint64(f), true
	}
	return f, true
}

// isZero reports whether a JSON number is written as zero.
func isZero(text string) bool {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		text = text[:i]
	}
	return !strings.ContainsAny(text, "123456789")
}

// badNumber returns the first number of a schema that is out of range, or nil. The numbers stay as they are written.
func badNumber(document any) *numberError {
	switch v := document.(type) {
	case json.Number:
		if _, ok := numberOf(string(v)); !ok {
			return &numberError{text: string(v)}
		}
	case []any:
		for i, item := range v {
			if bad := badNumber(item); bad != nil {
				return bad.in(strconv.Itoa(i))
			}
		}
	case map[string]any:
		for name, member := range v {
			if bad := badNumber(member); bad != nil {
				return bad.in(name)
			}
		}
	}
	return nil
}
