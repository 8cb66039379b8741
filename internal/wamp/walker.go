package wamp

// A walker reads a whole value and, if there is a writer, copies it there in another serialization.
//
// The writer is handed on and not a field: like the walker it stays on the stack.
type walker struct {
	reader
	keys keys
}

// walk is [format.skip] of the binary serializations.
func walk(f format, b []byte, depth int) (extent, error) {
	c := walker{reader: reader{f: f, b: b}}
	t, _ := c.next()
	n := c.elements(t, depth+1, nil)
	return extent{kind: t.kind, elements: n, size: c.pos}, c.err
}

// copyValue appends one value.
func copyValue(w *writer, value []byte, from Serialization) error {
	c := walker{reader: newReader(from, value)}
	c.copy(1, w)
	return c.done()
}

func (c *walker) copy(depth int, w *writer) {
	t, data := c.next()
	if t.kind == kindArray || t.kind == kindMap {
		c.elements(t, depth+1, w)
	} else if w != nil {
		w.scalar(t.resolve(data))
	}
}

// elements copies what is in an array or a map, and counts it.
func (c *walker) elements(t token, depth int, w *writer) int {
	switch {
	case t.kind != kindArray && t.kind != kindMap:
		return 0
	case depth > MaxDepth:
		c.fail(errDepth)
		return 0
	case t.kind == kindMap:
		return c.copyMap(t.length(), depth, w)
	default:
		return c.copyArray(t.length(), depth, w)
	}
}

func (c *walker) copyArray(n, depth int, w *writer) int {
	var o opened
	if w != nil {
		o = w.openArray()
	}
	i := 0
	for ; c.more(kindArray, n, i); i++ {
		c.copy(depth, w)
	}
	if w != nil {
		w.closeArray(o)
	}
	return i
}

func (c *walker) copyMap(n, depth int, w *writer) int {
	var o opened
	if w != nil {
		o = w.openMap()
	}
	names := c.keys.open()
	i := 0
	for ; c.more(kindMap, n, i); i++ {
		key := c.key()
		if !c.keys.add(&names, key) {
			c.fail(errDuplicate)
		}
		if w != nil {
			w.key(key)
		}
		c.copy(depth, w)
	}
	c.keys.close(names)
	if w != nil {
		w.closeMap(o)
	}
	return i
}
