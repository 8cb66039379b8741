// Package emptymap reads the JSON of PHP, which has one form for an empty list and an empty map: json_encode([]) is [].
// Where a map is expected, [] is an empty map.
//
// The package changes nothing else, and judges nothing: what is not JSON stays as it is.
package emptymap

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Map is implemented by types that hold a JSON object and are no map or struct of Go.
type Map interface{ HoldsMap() }

// Rewrite returns data with {} in place of each [] that would be decoded into a map or a struct of t, at any depth. It
// returns data itself if there is none, and a copy otherwise. Positions in the text stay the same.
func Rewrite(data []byte, t reflect.Type) []byte {
	if !hasEmptyList(data) {
		return data
	}
	w := walker{decoder: jsontext.NewDecoder(bytes.NewReader(data)), data: data}
	w.value(t)
	if w.copied == nil {
		return data
	}
	return w.copied
}

// hasEmptyList reports whether data may contain an empty list. It makes the usual case cheap.
func hasEmptyList(data []byte) bool {
	for {
		start := bytes.IndexByte(data, '[')
		if start < 0 {
			return false
		}
		data = bytes.TrimLeft(data[start+1:], " \t\r\n")
		if len(data) > 0 && data[0] == ']' {
			return true
		}
	}
}

type walker struct {
	decoder *jsontext.Decoder
	data    []byte
	copied  []byte
	failed  bool
}

// value reads a value that would be decoded into t; nil: into anything.
func (w *walker) value(t reflect.Type) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case w.failed:
	case t == nil || t.Kind() == reflect.Interface:
		w.failed = w.decoder.SkipValue() != nil
	case w.decoder.PeekKind() == '[':
		w.list(t)
	case w.decoder.PeekKind() == '{':
		w.object(t)
	default:
		w.failed = w.decoder.SkipValue() != nil
	}
}

func (w *walker) list(t reflect.Type) {
	if !isMap(t) {
		w.elements(t)
		return
	}
	w.token()
	start := w.decoder.InputOffset() - 1
	if w.decoder.PeekKind() != ']' {
		w.failed = true // it is refused when it is decoded
		return
	}
	w.token()
	if w.failed {
		return
	}
	if w.copied == nil {
		w.copied = bytes.Clone(w.data)
	}
	w.copied[start], w.copied[w.decoder.InputOffset()-1] = '{', '}'
}

func (w *walker) elements(t reflect.Type) {
	var element reflect.Type
	if k := t.Kind(); (k == reflect.Slice || k == reflect.Array) && !decodesItself(t) {
		element = t.Elem()
	}
	w.token()
	for !w.failed && w.decoder.PeekKind() != ']' {
		w.value(element)
	}
	w.token()
}

func (w *walker) object(t reflect.Type) {
	w.token()
	for !w.failed && w.decoder.PeekKind() != '}' {
		name := w.token()
		switch {
		case w.failed:
		case t.Kind() == reflect.Struct && !decodesItself(t):
			w.value(members(t)[name])
		case t.Kind() == reflect.Map && !decodesItself(t):
			w.value(t.Elem())
		default:
			w.value(nil)
		}
	}
	w.token()
}

// token reads a token and returns its text.
func (w *walker) token() string {
	if w.failed {
		return ""
	}
	token, err := w.decoder.ReadToken()
	if w.failed = err != nil; w.failed {
		return ""
	}
	return token.String()
}

// isMap reports whether a value of the type is decoded from an object.
func isMap(t reflect.Type) bool {
	if t.Implements(reflect.TypeFor[Map]()) {
		return true
	}
	return (t.Kind() == reflect.Map || t.Kind() == reflect.Struct) && !decodesItself(t)
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

var known sync.Map // of members, by type

// members returns the types of the members of a struct by their names in JSON.
func members(t reflect.Type) map[string]reflect.Type {
	if found, ok := known.Load(t); ok {
		return found.(map[string]reflect.Type)
	}
	made := make(map[string]reflect.Type)
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		made[name] = field.Type
	}
	known.Store(t, made)
	return made
}
