package wamp

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// A v1Frame reads the elements of one frame and keeps the first error.
type v1Frame struct {
	code    uint64
	r       elements
	err     error
	invalid error         // why the frame is not valid JSON; nil: it is valid
	flaw    *PayloadError // in a frame that is framed correctly
}

func openV1Frame(frame []byte) (*v1Frame, error) {
	_, _, err := serial.CheckJSON(frame, 0)
	if err != nil && !serial.IsFramedJSON(frame) {
		return nil, violation("the frame", err)
	}
	v := &v1Frame{r: elements{n: serial.Indefinite, reader: newReader(JSON, frame)}, invalid: err}
	if t, _ := v.r.Next(); t.Kind != serial.KindArray || !v.more() {
		return nil, violation("the frame", errNotMessage)
	}
	t, _ := v.next()
	if t.Kind != serial.KindInt || t.Int() < 0 || v.r.Err() != nil {
		return nil, violation("the frame", errNotMessage)
	}
	v.code = uint64(t.Int())
	return v, nil
}

func (f *v1Frame) fail(format string, args ...any) {
	f.failWith(Violation("version 1: "+format, args...))
}

func (f *v1Frame) failWith(err error) {
	switch {
	case f.err != nil || err == nil:
	case f.r.Err() != nil: // the element could not be read
		f.err = violation("the frame", cmp.Or(f.invalid, f.r.Err()))
	default:
		f.err = err
	}
}

// more reports whether the frame has another element.
func (f *v1Frame) more() bool { return f.err == nil && f.r.more() }

func (f *v1Frame) next() (serial.Token, []byte) {
	f.r.advance()
	return f.r.Next()
}

// end checks that the frame is well-formed and has no further elements.
func (f *v1Frame) end() {
	if f.more() {
		f.fail("the message has too many elements")
	}
	f.failWith(f.r.Err())
}

// uri reads a URI or a CURIE. A text that is not well-formed becomes a URI that [URI.Check] refuses, so that only the
// message fails.
func (f *v1Frame) uri(name string) string {
	if f.more() && f.r.SkipMalformedText() {
		f.r.advance()
		return string(malformedURI)
	}
	return f.text(name)
}

func (f *v1Frame) text(name string) string {
	if !f.more() {
		f.fail("%s is missing", name)
		return ""
	}
	t, data := f.next()
	if t.Kind != serial.KindText {
		f.fail("%s is %s, must be a string", name, t.Kind)
	}
	return string(t.Unquote(data))
}

// callID reads the id that the client gave its call: a string or a number, which is sent back unchanged.
func (f *v1Frame) callID() []byte {
	if !f.more() {
		f.fail("the call's id is missing")
		return nil
	}
	f.r.advance()
	raw, e := f.r.Skip(1)
	switch e.Kind {
	case serial.KindText, serial.KindInt, serial.KindUint, serial.KindFloat:
	default:
		f.fail("the call's id is %s, must be a string or a number", e.Kind)
	}
	if len(raw) > maxV1CallID {
		f.fail("the call's id has %d bytes, %d are allowed", len(raw), maxV1CallID)
	}
	return append([]byte(nil), raw...)
}

// payload reads the rest of the payload, at most limit elements, or all if limit is -1.
func (f *v1Frame) payload(name string, limit int) Payload {
	args := f.values(name, limit)
	if f.flaw != nil {
		return Payload{}
	}
	p := Payload{}
	p.Args, _ = copyParts(args, nil)
	return p
}

// values reads up to limit elements, or all if limit is -1, as one JSON array. It returns nil if there are none.
func (f *v1Frame) values(name string, limit int) []byte {
	if limit > 0 && !f.more() {
		f.fail("%s is missing", name)
		return nil
	}
	w := serial.NewWriter(JSON, nil)
	o := w.OpenArray()
	n := 0
	for ; n != limit && f.more(); n++ {
		f.r.advance()
		w.Raw(f.value(n))
	}
	w.CloseArray(o)
	if n == 0 {
		return nil
	}
	return w.Bytes()
}

// value reads element i of the payload. What is wrong inside of the element is kept as the flaw of the message.
func (f *v1Frame) value(i int) []byte {
	const depth = 2 // one level deeper than the frame: Args encloses it in version 2
	raw, _ := f.r.Skip(depth)
	if f.r.Err() == nil {
		return raw
	}
	value, _, ok := f.r.SkipRefused()
	if !ok {
		return nil // the frame is broken
	}
	if f.flaw == nil {
		f.flaw = payloadError(fmt.Sprintf("%s[%d]", partNames[0], i), JSON, value, depth)
	}
	return nil
}

// exclude reads the sessions that do not receive the event: true for the publisher, or a list of session ids.
func (f *v1Frame) exclude(options Dict) {
	if !f.more() {
		return
	}
	f.r.advance()
	start := f.r.Offset()
	switch t, _ := f.r.Next(); t.Kind {
	case serial.KindNull: // absent
	case serial.KindBool:
		options["exclude_me"] = t.Bool()
	case serial.KindArray:
		f.r.Seek(start)
		if ids, given := f.sessions("exclude"); given {
			options["exclude"] = ids
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
	start := f.r.Offset()
	switch t, _ := f.r.Next(); t.Kind {
	case serial.KindNull: // absent
	case serial.KindArray:
		f.r.Seek(start)
		if ids, given := f.sessions("eligible"); given {
			options["eligible"] = ids
		}
	default:
		f.fail("eligible must be a list of session ids")
	}
}

// sessions reads a list of session ids, which are strings in version 1. A string that is no id of this router matches
// no session and is dropped. It returns false for an empty list.
func (f *v1Frame) sessions(name string) (ids []ID, given bool) {
	list, refused := f.r.optionList(optSessions, 1)
	texts, _ := list.([]string)
	if refused {
		f.fail("%s must be a list of session ids, which are strings", name)
	}
	if len(texts) > f.r.keep.receivers { // the list is cut, and must stay too long
		return make([]ID, len(texts)), true
	}
	ids = make([]ID, 0, len(texts))
	for _, text := range texts {
		id, err := strconv.ParseUint(text, 10, 64)
		if err == nil && ID(id).Valid() && !strings.HasPrefix(text, "0") {
			ids = append(ids, ID(id))
		}
	}
	return ids, len(texts) > 0
}

// optSessions is a list of session ids in version 1.
var optSessions = &option{form: formStrings, receivers: true}
