package wamp

// FirstText returns the first positional argument if it is a string, as the text of an ERROR is. It makes no values of
// the others.
func (p Payload) FirstText() (text string, ok bool) {
	if p.Args == nil {
		return "", false
	}
	r := newReader(p.Serialization, p.Args)
	t, data := r.next()
	if t.kind == kindArray {
		if !r.more(kindArray, t.length(), 0) {
			return "", false
		}
		t, data = r.next()
	}
	t, data = t.resolve(data)
	return string(data), t.kind == kindText && r.err == nil
}
