package wamp

// A reader reads values one after another and remembers the first error; after it everything
// reads as null.
type reader struct {
	f   format
	b   []byte
	pos int // in b
	err error
}

func newReader(s Serialization, b []byte) reader { return reader{f: formats[s], b: b} }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// done checks that nothing is left.
func (r *reader) done() error {
	if r.err == nil && len(r.f.trim(r.b[r.pos:])) > 0 {
		r.err = errTrailing
	}
	return r.err
}

func (r *reader) next() (token, []byte) {
	if r.err != nil {
		return token{}, nil
	}
	t, data, n, err := r.f.next(r.b[r.pos:])
	if err != nil {
		r.fail(err)
		return token{}, nil
	}
	r.pos += n
	return t, data
}

// key reads the key of a map's entry.
func (r *reader) key() []byte {
	if r.err != nil {
		return nil
	}
	t, data, n, err := r.f.key(r.b[r.pos:])
	if err == nil && t.kind != kindText {
		err = errKey
	}
	if err != nil {
		r.fail(err)
		return nil
	}
	r.pos += n
	return t.plain(data)
}

// more reports whether an array or a map of n elements, i of which are read, has another one. It
// must be asked once before each, and not again after a no.
func (r *reader) more(k kind, n, i int) bool {
	if r.err != nil {
		return false
	}
	if n >= 0 {
		return i < n
	}
	size, more, err := r.f.more(r.b[r.pos:], k, i)
	if err != nil {
		r.fail(err)
		return false
	}
	r.pos += size
	return more
}

// skip reads a value and checks it. It gives the value's bytes.
func (r *reader) skip(depth int) ([]byte, extent) {
	if r.err != nil {
		return nil, extent{}
	}
	value := r.f.trim(r.b[r.pos:])
	e, err := r.f.skip(value, depth)
	if err != nil {
		r.fail(err)
		return nil, e
	}
	r.pos = len(r.b) - len(value) + e.size
	return value[:e.size:e.size], e
}

// elements are those of an array around a message.
type elements struct {
	reader
	n    int  // how many there are; untilEnd if the array does not say
	read int  // so far
	at   bool // the next one was found to be there
}

// more reports whether there is another element. It may be asked more than once.
func (e *elements) more() bool {
	if e.at {
		return true
	}
	if !e.reader.more(kindArray, e.n, e.read) {
		e.n = e.read // the end of an array that did not announce its length is consumed now
		return false
	}
	e.at = true
	return true
}

// take is to be called before an element is read.
func (e *elements) take() {
	e.at = false
	e.read++
}
