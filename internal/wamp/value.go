package wamp

import (
	"fmt"
	"slices"
)

// value reads one value into Go: what a [Dict] holds.
func (r *reader) value(depth int) any {
	t := r.next()
	switch t.kind {
	case kindArray:
		return r.list(t.length(), depth+1)
	case kindMap:
		return r.dict(t.length(), depth+1, nil)
	default:
		return t.value()
	}
}

func (t token) value() any {
	t = t.resolve()
	switch t.kind {
	case kindBool:
		return t.num != 0
	case kindInt:
		return int64(t.num)
	case kindUint:
		return t.num
	case kindFloat:
		return t.float()
	case kindText:
		return string(t.data)
	case kindBinary:
		return slices.Clone(t.data)
	default:
		return nil
	}
}

func (r *reader) list(n, depth int) []any {
	if depth > MaxDepth {
		r.fail(errDepth)
		return nil
	}
	list := []any{}
	for i := 0; r.more(n, i); i++ {
		list = append(list, r.value(depth))
	}
	return list
}

// dict reads the entries of a map; known gives keys that need no new string. An empty dict is nil.
func (r *reader) dict(n, depth int, known options) Dict {
	if depth > MaxDepth {
		r.fail(errDepth)
		return nil
	}
	var d Dict
	for i := 0; r.more(n, i); i++ {
		raw := r.key()
		key := known.key(raw.plain())
		if _, twice := d[key]; twice {
			r.fail(errDuplicate)
		}
		v := r.value(depth)
		if r.err != nil {
			return nil
		}
		if d == nil {
			d = Dict{}
		}
		d[key] = v
	}
	return d
}

// writeValue writes what a [Dict] holds, and the few other types that its makers like to put in.
func writeValue(w writer, v any) error {
	switch v := v.(type) {
	case nil:
		w.null()
	case bool:
		w.boolean(v)
	case int:
		w.integer(int64(v))
	case int64:
		w.integer(v)
	case uint64:
		w.unsigned(v)
	case ID:
		w.unsigned(uint64(v))
	case float64:
		w.float(v)
	case string:
		w.str(v)
	case URI:
		w.str(string(v))
	case []byte:
		w.binary(v)
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

func writeList[T any](w writer, list []T) error {
	w.openArray()
	for _, v := range list {
		if err := writeValue(w, v); err != nil {
			return err
		}
	}
	w.closeArray()
	return nil
}

// writeDict writes the entries in the order of their keys, so that equal messages are equal bytes.
func writeDict(w writer, d Dict) error {
	var few [8]string
	keys := few[:0]
	for key := range d {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	w.openMap()
	for _, key := range keys {
		w.name(key)
		if err := writeValue(w, d[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	w.closeMap()
	return nil
}
