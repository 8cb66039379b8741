package serial

// A walker reads a whole value and, if there is a writer, copies it there in another serialization.
//
// The writer is a parameter and not a field, which keeps both on the stack.
type walker struct {
	Reader
	keys keyStack
}

// walk implements [format.skip] for the binary serializations.
func walk(f format, b []byte, depth int) (Span, error) {
	c := walker{Reader: Reader{f: f, b: b}}
	t, _ := c.Next()
	n := c.elements(t, depth+1, nil)
	return Span{Kind: t.Kind, Elements: n, size: c.pos}, c.err
}

// Transcode appends one value in another serialization, or nothing if value is nil.
func Transcode(dst, value []byte, from, to Serialization) ([]byte, error) {
	if value == nil {
		return dst, nil
	}
	w := NewWriter(to, dst)
	if err := w.Copy(value, from); err != nil {
		return nil, err
	}
	return w.dst, nil
}

// Copy appends one value that is encoded in a serialization.
func (w *Writer) Copy(value []byte, from Serialization) error {
	c := walker{Reader: NewReader(from, value)}
	c.copy(1, w)
	return c.Done()
}

func (c *walker) copy(depth int, w *Writer) {
	t, data := c.Next()
	if t.Kind == KindArray || t.Kind == KindMap {
		c.elements(t, depth+1, w)
	} else if w != nil {
		w.scalar(t.Resolve(data))
	}
}

// elements copies the elements of an array, or the entries of a map, and returns their number.
func (c *walker) elements(t Token, depth int, w *Writer) int {
	switch {
	case t.Kind != KindArray && t.Kind != KindMap:
		return 0
	case depth > MaxDepth:
		c.Fail(ErrDepth)
		return 0
	case t.Kind == KindMap:
		return c.copyMap(t.Length(), depth, w)
	default:
		return c.copyArray(t.Length(), depth, w)
	}
}

func (c *walker) copyArray(n, depth int, w *Writer) int {
	var o Container
	if w != nil {
		o = w.OpenArray()
	}
	i := 0
	for ; c.More(KindArray, n, i); i++ {
		c.copy(depth, w)
	}
	if w != nil {
		w.CloseArray(o)
	}
	return i
}

func (c *walker) copyMap(n, depth int, w *Writer) int {
	var o Container
	if w != nil {
		o = w.OpenMap()
	}
	names := c.keys.open()
	i := 0
	for ; c.More(KindMap, n, i); i++ {
		key := c.Key()
		if !c.keys.add(&names, key) {
			c.Fail(ErrDuplicate)
		}
		if w != nil {
			w.key(key)
		}
		c.copy(depth, w)
	}
	c.keys.close(names)
	if w != nil {
		w.CloseMap(o)
	}
	return i
}
