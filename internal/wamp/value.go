package wamp

import (
	"fmt"
	"slices"
)

// value reads one value as a Go value of the types that a [Dict] has.
func (r *reader) value(depth int) any {
	if r.spend(1); r.err != nil {
		return nil
	}
	t, data := r.next()
	switch t.kind {
	case kindArray:
		return r.list(t.length(), depth+1)
	case kindMap:
		return r.dict(t.length(), depth+1)
	default:
		return t.value(data)
	}
}

func (t token) value(data []byte) any {
	t, data = t.resolve(data)
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
		return string(data)
	case kindBinary:
		return slices.Clone(data)
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
	for i := 0; r.more(kindArray, n, i); i++ {
		list = append(list, r.value(depth))
	}
	return list
}

// dict reads the entries of a map. An empty dict is nil.
func (r *reader) dict(n, depth int) Dict {
	if depth > MaxDepth {
		r.fail(errDepth)
		return nil
	}
	var d Dict
	for i := 0; r.more(kindMap, n, i); i++ {
		if d == nil {
			r.spend(dictValues)
			d = Dict{}
		}
		key := string(r.key())
		if _, twice := d[key]; twice {
			r.fail(errDuplicate)
		}
		v := r.value(depth)
		if r.err != nil {
			return nil
		}
		d[key] = v
	}
	return d
}

// writeValue appends a value of the types that a [Dict] has, or one of the few other types that Go code puts in.
func writeValue(w *writer, v any) error {
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

func writeList[T any](w *writer, list []T) error {
	o := w.openArray()
	for _, v := range list {
		if err := writeValue(w, v); err != nil {
			return err
		}
	}
	w.closeArray(o)
	return nil
}

// writeDict appends the entries in the order of their keys, so that equal messages have equal bytes.
func writeDict(w *writer, d Dict) error {
	if len(d) == 0 { // most dicts are empty
		w.closeMap(w.openMap())
		return nil
	}
	var few [8]string
	keys := few[:0]
	for key := range d {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	o := w.openMap()
	for _, key := range keys {
		w.name(key)
		if err := writeValue(w, d[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	w.closeMap(o)
	return nil
}
