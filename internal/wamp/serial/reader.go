package serial

// A Reader reads values one after another and keeps the first error. After an error every value reads as
// null.
type Reader struct {
	f   format
	b   []byte
	pos int // in b
	err error
}

// NewReader returns a reader of the values that are encoded in b.
func NewReader(s Serialization, b []byte) Reader { return Reader{f: formats[s], b: b} }

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Fail sets the error, unless there is one.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Offset returns the number of bytes that were read.
func (r *Reader) Offset() int { return r.pos }

// Seek continues at a number of bytes that [Reader.Offset] has returned.
func (r *Reader) Seek(offset int) { r.pos = offset }

// Done returns the first error, which is that bytes are left if nothing else was wrong.
func (r *Reader) Done() error {
	if r.err == nil && len(r.f.trim(r.b[r.pos:])) > 0 {
		r.err = errTrailing
	}
	return r.err
}

// Next reads the head of the next value, and the bytes of a text or a binary.
func (r *Reader) Next() (Token, []byte) {
	if r.err != nil {
		return Token{}, nil
	}
	t, data, n, err := r.f.next(r.b[r.pos:])
	if err != nil {
		r.Fail(err)
		return Token{}, nil
	}
	r.pos += n
	return t, data
}

// Key reads the key of a map's entry.
func (r *Reader) Key() []byte {
	if r.err != nil {
		return nil
	}
	t, data, n, err := r.f.key(r.b[r.pos:])
	if err == nil && t.Kind != KindText {
		err = errKey
	}
	if err != nil {
		r.Fail(err)
		return nil
	}
	r.pos += n
	return t.Unquote(data)
}

// More reports whether an array or a map of n elements, i of which are read, has another element. It
// consumes separators, so it must be called once before each element, and not again after false.
func (r *Reader) More(k Kind, n, i int) bool {
	if r.err != nil {
		return false
	}
	if n >= 0 {
		return i < n
	}
	size, more, err := r.f.more(r.b[r.pos:], k, i)
	if err != nil {
		r.Fail(err)
		return false
	}
	r.pos += size
	return more
}

// Skip reads and checks a value, and returns its bytes.
func (r *Reader) Skip(depth int) ([]byte, Span) {
	if r.err != nil {
		return nil, Span{}
	}
	value := r.f.trim(r.b[r.pos:])
	e, err := r.f.skip(value, depth)
	if err != nil {
		r.Fail(err)
		return nil, e
	}
	r.pos = len(r.b) - len(value) + e.size
	return value[:e.size:e.size], e
}

// SkipRefused reads a value that [Reader.Skip] has refused, and forgets the error. It returns false if the end of the
// value cannot be known: then the frame is broken, and the error stays.
func (r *Reader) SkipRefused() (value []byte, e Span, ok bool) {
	value = r.f.trim(r.b[r.pos:])
	e, err := r.f.measure(value)
	if err != nil {
		return nil, Span{}, false
	}
	r.err = nil
	r.pos = len(r.b) - len(value) + e.size
	return value[:e.size], e, true
}

// SkipMalformedText reads the next value if it is a text that is framed correctly, but not well-formed, and forgets the
// error of [Reader.Next]. It returns false for any other value, and then reads nothing.
func (r *Reader) SkipMalformedText() bool {
	value := r.f.trim(r.b[r.pos:])
	if _, _, _, err := r.f.next(value); err == nil {
		return false
	}
	e, err := r.f.measure(value)
	if err != nil || e.Kind != KindText {
		return false
	}
	r.err = nil
	r.pos = len(r.b) - len(value) + e.size
	return true
}

// Explain returns the syntax error of a frame that could not be read. It returns nil if the frame is well-formed, or if
// the reader has already returned all that is known.
func Explain(s Serialization, frame []byte) error { return formats[s].explain(frame) }

// HasTag reports whether an encoded value begins with a tag, which only CBOR has.
func HasTag(s Serialization, value []byte) bool { return s == CBOR && value[0]&0xe0 == cborTag }
