package wamp

// A reader reads values one after another and keeps the first error. After an error every value reads as
// null.
type reader struct {
	f   format
	b   []byte
	pos int // in b
	err error

	keep   keeping
	values int // read so far, see keeping
}

func newReader(s Serialization, b []byte) reader { return reader{f: formats[s], b: b} }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// done returns the first error, or errTrailing if bytes are left.
func (r *reader) done() error {
	if r.err == nil && len(r.f.trim(r.b[r.pos:])) > 0 {
		r.err = errTrailing
	}
	return r.err
}

// next reads the head of the next value, and the bytes of a text or a binary.
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
	return t.unquote(data)
}

// more reports whether an array or a map of n elements, i of which are read, has another element. It
// consumes separators, so it must be called once before each element, and not again after false.
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

// skip reads and checks a value, and returns its bytes.
func (r *reader) skip(depth int) ([]byte, span) {
	if r.err != nil {
		return nil, span{}
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

// elements reads the elements of a message's array.
type elements struct {
	reader
	n      int  // the number of elements, or indefinite
	read   int  // the number of elements that were read
	peeked bool // more has found the next element
}

// more reports whether there is another element. It may be called several times.
func (e *elements) more() bool {
	if e.peeked {
		return true
	}
	if !e.reader.more(kindArray, e.n, e.read) {
		e.n = e.read // the end of an array of indefinite length has been consumed
		return false
	}
	e.peeked = true
	return true
}

// advance must be called before an element is read.
func (e *elements) advance() {
	e.peeked = false
	e.read++
}
