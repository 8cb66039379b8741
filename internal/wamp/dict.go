package wamp

import "math"

// Bool returns the boolean at key.
func (d Dict) Bool(key string) (v, ok bool) {
	v, ok = d[key].(bool)
	return v, ok
}

// String returns the string at key.
func (d Dict) String(key string) (string, bool) {
	switch v := d[key].(type) {
	case string:
		return v, true
	case URI:
		return string(v), true
	default:
		return "", false
	}
}

// Int returns the integer at key.
func (d Dict) Int(key string) (int64, bool) { return asInt(d[key]) }

// ID returns the id at key.
func (d Dict) ID(key string) (ID, bool) { return asID(d[key]) }

// IDs returns the list of ids at key.
func (d Dict) IDs(key string) ([]ID, bool) {
	if ids, ok := d[key].([]ID); ok {
		return ids, true
	}
	return listOf(d[key], asID)
}

// Strings returns the list of strings at key.
func (d Dict) Strings(key string) ([]string, bool) {
	if list, ok := d[key].([]string); ok {
		return list, true
	}
	return listOf(d[key], func(v any) (string, bool) {
		s, ok := v.(string)
		return s, ok
	})
}

// Dict returns the dict at key.
func (d Dict) Dict(key string) (Dict, bool) { return asDict(d[key]) }

// List returns the list at key.
func (d Dict) List(key string) ([]any, bool) {
	list, ok := d[key].([]any)
	return list, ok
}

// Match returns the match policy of a SUBSCRIBE or REGISTER; the default is exact.
func (d Dict) Match() Match {
	name, _ := d.String("match")
	m, _ := ParseMatch(name) // decoding has refused unknown names
	return m
}

// passthruKeys describe a payload that the application has encoded or encrypted itself (WAMP, "Payload
// Passthru Mode", and Autobahn's older variant of it).
var passthruKeys = [...]string{
	"ppt_scheme", "ppt_serializer", "ppt_cipher", "ppt_keyid",
	"enc_algo", "enc_key", "enc_serializer",
}

// Passthru returns the entries that a router copies from the Options of a message to the Details of the
// messages that carry its payload. Passthru returns nil if there are none, as in most messages.
func (d Dict) Passthru() Dict {
	var out Dict
	for _, key := range passthruKeys {
		v := d[key]
		if v == nil { // absent, or null
			continue
		}
		if out == nil {
			out = Dict{}
		}
		out[key] = v
	}
	return out
}

func listOf[T any](v any, as func(any) (T, bool)) ([]T, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]T, 0, len(list))
	for _, item := range list {
		t, ok := as(item)
		if !ok {
			return nil, false
		}
		out = append(out, t)
	}
	return out, true
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case ID:
		return int64(v), v <= math.MaxInt64
	case float64:
		return integerFromFloat(v)
	}
	return 0, false
}

// integerFromFloat converts a float without a fraction, outside the range of 32 bits, to an integer. The usual
// JavaScript packers write such integers as floats in MessagePack and CBOR.
func integerFromFloat(v float64) (int64, bool) {
	n := int64(v)
	if float64(n) != v || n >= -1<<31 && n <= 1<<32-1 || n > int64(MaxID) || n < -int64(MaxID) {
		return 0, false
	}
	return n, true
}

func asID(v any) (ID, bool) {
	n, ok := asInt(v)
	if !ok || n < 1 || ID(n) > MaxID {
		return 0, false
	}
	return ID(n), true
}

func asDict(v any) (Dict, bool) {
	switch v := v.(type) {
	case Dict:
		return v, true
	case map[string]any:
		return v, true
	default:
		return nil, false
	}
}
