package wamp

// Plain returns the value with every [Dict] in it, at any depth, replaced by a map that programs outside of this module
// can name.
func Plain(v any) any {
	switch v := v.(type) {
	case Dict:
		return PlainMap(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = Plain(v[i])
		}
		return list
	}
	return v
}

// PlainMap returns a copy of the dict as [Plain] does, or nil for nil. The details of a message are read-only; the copy
// may be changed.
func PlainMap(d Dict) map[string]any {
	if d == nil {
		return nil
	}
	m := make(map[string]any, len(d))
	for k, v := range d {
		m[k] = Plain(v)
	}
	return m
}
