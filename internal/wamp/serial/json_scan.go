package serial

// A jsonScanner checks one value without making tokens. Most bytes that a busy server reads are payload, which
// is passed on unchanged.
type jsonScanner struct {
	b    []byte
	i    int
	keys keyStack
	err  error
}

func (jsonFormat) skip(b []byte, depth int) (Span, error) {
	s := jsonScanner{b: b}
	kind, n := s.value(depth)
	return Span{Kind: kind, Elements: n, size: s.i}, s.err
}

func (s *jsonScanner) fail(err error) {
	if s.err == nil {
		s.err = err
		s.b, s.i = nil, 0
	}
}

// space skips white space and returns the byte after it, or 0 at the end.
func (s *jsonScanner) space() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (s *jsonScanner) value(depth int) (k Kind, elements int) {
	switch c := s.space(); c {
	case '"':
		s.text()
		return KindText, 0
	case '[':
		return KindArray, s.array(depth + 1)
	case '{':
		return KindMap, s.object(depth + 1)
	case 'n':
		s.literal("null")
		return KindNull, 0
	case 'f':
		s.literal("false")
		return KindBool, 0
	case 't':
		s.literal("true")
		return KindBool, 0
	default:
		return s.number(), 0
	}
}

func (s *jsonScanner) array(depth int) int {
	if depth > MaxDepth {
		s.fail(ErrDepth)
		return 0
	}
	s.i++
	if s.space() == ']' {
		s.i++
		return 0
	}
	for n := 1; ; n++ {
		s.value(depth)
		switch s.space() {
		case ',':
			s.i++
		case ']':
			s.i++
			return n
		default:
			s.fail(errJSON)
			return 0
		}
	}
}

func (s *jsonScanner) object(depth int) int {
	if depth > MaxDepth {
		s.fail(ErrDepth)
		return 0
	}
	s.i++
	if s.space() == '}' {
		s.i++
		return 0
	}
	names := s.keys.open()
	for n := 1; ; n++ {
		s.member(&names, depth)
		switch s.space() {
		case ',':
			s.i++
		case '}':
			s.i++
			s.keys.close(names)
			return n
		default:
			s.fail(errJSON)
			return 0
		}
	}
}

func (s *jsonScanner) member(names *mapKeys, depth int) {
	if s.space() != '"' {
		s.fail(errJSON)
		return
	}
	t, name := s.text()
	if s.space() != ':' {
		s.fail(errJSON)
		return
	}
	if !s.keys.add(names, t.Unquote(name)) {
		s.fail(ErrDuplicate)
		return
	}
	s.i++
	s.value(depth)
}

func (s *jsonScanner) text() (Token, []byte) {
	t, data, end, err := nextJSONString(s.b, s.i)
	if err != nil {
		s.fail(err)
		return Token{}, nil
	}
	s.i = end
	return t, data
}

func (s *jsonScanner) literal(literal string) {
	if len(s.b)-s.i < len(literal) || string(s.b[s.i:s.i+len(literal)]) != literal {
		s.fail(errJSON)
		return
	}
	s.i += len(literal)
}

func (s *jsonScanner) number() Kind {
	n := scanJSONNumber(s.b, s.i)
	switch n.form {
	case exactInteger:
		s.i = n.end
		return KindInt
	case smallFloat:
		s.i = n.end
		return KindFloat
	default:
		t, end, err := nextJSONNumber(s.b, s.i)
		if err != nil {
			s.fail(err)
			return KindNull
		}
		s.i = end
		return t.Kind
	}
}
