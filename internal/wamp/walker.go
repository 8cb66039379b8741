package wamp

// A walker reads a whole value and, if there is a writer, copies it there in another serialization.
//
// The writer is a parameter and not a field, which keeps both on the stack.
type walker struct {
	reader
	keys keyStack
}

// walk implements [format.skip] for the binary serializations.
func walk(f format, b []byte, depth int) (span, error) {
	c := walker{reader: reader{f: f, b: b}}
	t, _ := c.next()
	n := c.elements(t, depth+1, nil)
	return span{kind: t.kind, elements: n, size: c.pos}, c.err
}

// copyValue appends one value to w.
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

// elements copies the elements of an array, or the entries of a map, and returns their number.
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
	var o openContainer
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
	var o openContainer
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
