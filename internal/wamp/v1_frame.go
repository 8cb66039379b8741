package wamp

import (
	"strconv"
	"strings"
)

// A v1Frame reads the elements of one frame and keeps the first error.
type v1Frame struct {
	code uint64
	r    elements
	err  error
}

func openV1Frame(frame []byte) (*v1Frame, error) {
	if _, err := checkJSON(frame, 0); err != nil {
		return nil, violation("the frame", err)
	}
	v := &v1Frame{r: elements{n: indefinite, reader: newReader(JSON, frame)}}
	if t, _ := v.r.next(); t.kind != kindArray || !v.more() {
		return nil, violation("the frame", errNotMessage)
	}
	t, _ := v.next()
	if t.kind != kindInt || int64(t.num) < 0 || v.r.err != nil {
		return nil, violation("the frame", errNotMessage)
	}
	v.code = t.num
	return v, nil
}

func (f *v1Frame) fail(format string, args ...any) {
	f.failWith(Violation("version 1: "+format, args...))
}

func (f *v1Frame) failWith(err error) {
	if f.err == nil && err != nil {
		f.err = err
	}
}

// more reports whether the frame has another element.
func (f *v1Frame) more() bool { return f.err == nil && f.r.more() }

func (f *v1Frame) next() (token, []byte) {
	f.r.advance()
	return f.r.next()
}

// end checks that the frame is well-formed and has no further elements.
func (f *v1Frame) end() {
	if f.more() {
		f.fail("the message has too many elements")
	}
	if f.r.err != nil {
		f.failWith(violation("the frame", f.r.err))
	}
}

func (f *v1Frame) text(name string) string {
	if !f.more() {
		f.fail("%s is missing", name)
		return ""
	}
	t, data := f.next()
	if t.kind != kindText {
		f.fail("%s is %s, must be a string", name, t.kind)
	}
	return string(t.unquote(data))
}

// callID reads the id that the client gave its call: a string or a number, which is sent back unchanged.
func (f *v1Frame) callID() []byte {
	if !f.more() {
		f.fail("the call's id is missing")
		return nil
	}
	f.r.advance()
	raw, e := f.r.skip(1)
	switch e.kind {
	case kindText, kindInt, kindUint, kindFloat:
	default:
		f.fail("the call's id is %s, must be a string or a number", e.kind)
	}
	if len(raw) > maxV1CallID {
		f.fail("the call's id has %d bytes, %d are allowed", len(raw), maxV1CallID)
	}
	return append([]byte(nil), raw...)
}

// values reads up to limit elements, or all if limit is -1, as one JSON array. It returns nil if there are none.
func (f *v1Frame) values(name string, limit int) []byte {
	if limit > 0 && !f.more() {
		f.fail("%s is missing", name)
		return nil
	}
	w := newWriter(JSON, nil)
	o := w.openArray()
	n := 0
	for ; n != limit && f.more(); n++ {
		f.r.advance()
		raw, _ := f.r.skip(2) // one level deeper: Args encloses it in version 2
		w.raw(raw)
	}
	w.closeArray(o)
	if n == 0 {
		return nil
	}
	return w.dst
}

// exclude reads the sessions that do not receive the event: true for the publisher, or a list of session ids.
func (f *v1Frame) exclude(options Dict) {
	if !f.more() {
		return
	}
	f.r.advance()
	switch v := f.r.value(1).(type) {
	case bool:
		options["exclude_me"] = v
	case []any:
		if len(v) > 0 {
			options["exclude"] = f.sessions("exclude", v)
		}
	default:
		f.fail("exclude must be a boolean or a list of session ids")
	}
}

// eligible reads the only sessions that receive the event. Clients of version 1 send an empty list for all
// subscribers, while an empty list means no subscriber in version 2.
func (f *v1Frame) eligible(options Dict) {
	if !f.more() {
		return
	}
	f.r.advance()
	v, ok := f.r.value(1).([]any)
	switch {
	case !ok:
		f.fail("eligible must be a list of session ids")
	case len(v) > 0:
		options["eligible"] = f.sessions("eligible", v)
	}
}

// sessions parses session ids, which are strings in version 1. A string that is no id of this router matches no
// session and is dropped.
func (f *v1Frame) sessions(name string, list []any) []any {
	out := []any{}
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			f.fail("%s must be a list of session ids, which are strings", name)
			return nil
		}
		id, err := strconv.ParseUint(text, 10, 64)
		if err == nil && ID(id).Valid() && !strings.HasPrefix(text, "0") {
			out = append(out, int64(id))
		}
	}
	return out
}
