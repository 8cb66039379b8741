package wamp

import (
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// value reads one value as a Go value of the types that a [Dict] has.
func (r *reader) value(depth int) any {
	if r.spend(1); r.Err() != nil {
		return nil
	}
	t, data := r.Next()
	switch t.Kind {
	case serial.KindArray:
		return r.list(t.Length(), depth+1)
	case serial.KindMap:
		return r.dict(t.Length(), depth+1)
	default:
		return t.Value(data)
	}
}

func (r *reader) list(n, depth int) []any {
	if depth > MaxDepth {
		r.Fail(serial.ErrDepth)
		return nil
	}
	list := []any{}
	for i := 0; r.More(serial.KindArray, n, i); i++ {
		list = append(list, r.value(depth))
	}
	return list
}

// dict reads the entries of a map. An empty dict is nil.
func (r *reader) dict(n, depth int) Dict {
	if depth > MaxDepth {
		r.Fail(serial.ErrDepth)
		return nil
	}
	var d Dict
	for i := 0; r.More(serial.KindMap, n, i); i++ {
		if d == nil {
			r.spend(dictValues)
			d = Dict{}
		}
		key := string(r.Key())
		if _, twice := d[key]; twice {
			r.Fail(serial.ErrDuplicate)
		}
		v := r.value(depth)
		if r.Err() != nil {
			return nil
		}
		d[key] = v
	}
	return d
}

// writeValue appends a value of the types that a [Dict] has, or one of the few other types that Go code puts in.
func writeValue(w *serial.Writer, v any) error {
	switch v := v.(type) {
	case nil:
		w.Null()
	case bool:
		w.Bool(v)
	case int:
		w.Int(int64(v))
	case int64:
		w.Int(v)
	case uint64:
		w.Uint(v)
	case ID:
		w.Uint(uint64(v))
	case float64:
		w.Float(v)
	case string:
		w.Text(v)
	case URI:
		w.Text(string(v))
	case []byte:
		w.Binary(v)
	case Dict:
		return writeDict(w, v)
	case map[string]any:
		return writeDict(w, v)
	case []any:
		return writeList(w, v)
	case []string:
		return writeList(w, v)
	case []ID:
		return writeList(w, v)
	default:
		return fmt.Errorf("write a value of type %T: no serialization has a form for it", v)
	}
	return nil
}

func writeList[T any](w *serial.Writer, list []T) error {
	o := w.OpenArray()
	for _, v := range list {
		if err := writeValue(w, v); err != nil {
			return err
		}
	}
	w.CloseArray(o)
	return nil
}

// writeDict appends the entries in the order of their keys, so that equal messages have equal bytes.
func writeDict(w *serial.Writer, d Dict) error {
	if len(d) == 0 { // most dicts are empty
		w.CloseMap(w.OpenMap())
		return nil
	}
	var few [8]string
	keys := few[:0]
	for key := range d {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	o := w.OpenMap()
	for _, key := range keys {
		w.Name(key)
		if err := writeValue(w, d[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	w.CloseMap(o)
	return nil
}
