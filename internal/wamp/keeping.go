package wamp

import (
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// A frame of a few bytes can stand for Go values of a hundred times its size: {"":null} is 3 bytes in MessagePack and
// 340 in memory. So a server makes values only of what it needs of the Options and Details that clients send:
//
//	known options               one scalar, or a list of ids or strings, of 8 or 16 bytes each
//	lists of receivers          the same, up to [Conversation.LimitReceivers]
//	roles, authextra, _tab      any value, but together no more than [MaxDetailsValues]
//	options of no use here      are checked for their type, and skipped
//	unknown keys                are checked for their form, and skipped
//	null                        is absent
//
// A client keeps everything, because unknown keys belong to the application (WAMP, "Options and Details").

const (
	// MaxDetailsValues limits the values in the Details of a HELLO and the Extra of an AUTHENTICATE. The HELLO of a
	// client that announces all roles with all features has about 250.
	MaxDetailsValues = 500
	// DefaultReceivers limits the ids, names and roles in the lists of receivers of one PUBLISH.
	DefaultReceivers = 10_000
	// dictValues is how many values a dict counts as that is not empty, besides those in it. It takes 340 bytes, where
	// another value takes 16.
	dictValues = 20
)

// keeping says what a reader keeps of Options and Details. The zero value keeps everything.
type keeping struct {
	strict    bool         // empty values have no other form
	expected  *transitions // other messages are not decoded; nil: all messages are
	known     bool         // unknown keys and null are skipped
	values    int          // the most values of any form; 0: no limit
	receivers int          // the most elements of a list of receivers; 0: no limit
}

// spend counts values, and fails if the reader may make no more of them.
func (r *reader) spend(n int) {
	if r.keep.values == 0 {
		return
	}
	if r.values += n; r.values > r.keep.values {
		r.Fail(fmt.Errorf("has more than %d values, where a dict counts as %d", r.keep.values, dictValues))
	}
}

// options reads the entries of Options, Details or Extra, as r.keep says. An empty dict is nil. The error names a known
// key whose value is not allowed; r.Err() has all other errors.
func (r *reader) options(n, depth int, known options) (d Dict, wrong error) {
	var skipped *serial.Keys
	nulls := false
	for i := 0; r.More(serial.KindMap, n, i); i++ {
		raw := r.Key()
		o := known[string(raw)]
		if o == nil && r.keep.known {
			if skipped == nil {
				skipped = serial.NewKeys()
			}
			r.skipEntry(skipped, raw, depth)
			continue
		}
		key := o.key(raw)
		if _, twice := d[key]; twice {
			r.Fail(serial.ErrDuplicate)
		}
		v, refused := r.option(o, depth)
		if r.Err() != nil {
			return nil, nil
		}
		if wrong == nil && refused {
			wrong = fmt.Errorf("%s must be %s", key, o.want)
		}
		if d == nil {
			d = Dict{}
		}
		d[key] = v
		nulls = nulls || v == nil
	}
	if r.keep.known && nulls {
		d = d.withoutNulls()
	}
	return d, wrong
}

// skipEntry checks an entry without making a value of it.
func (r *reader) skipEntry(skipped *serial.Keys, key []byte, depth int) {
	if r.Err() == nil && !skipped.Add(key) {
		r.Fail(serial.ErrDuplicate)
	}
	r.Skip(depth)
}

// withoutNulls removes the entries whose value is null. It returns nil if none is left.
func (d Dict) withoutNulls() Dict {
	for key, v := range d {
		if v == nil {
			delete(d, key)
		}
	}
	if len(d) == 0 {
		return nil
	}
	return d
}

// option reads the value of an option, or of an unknown key if o is nil. Null counts as absent: JavaScript clients send
// null for options that are undefined.
func (r *reader) option(o *option, depth int) (v any, refused bool) {
	if o == nil || o.form == formAny {
		v = r.value(depth)
		if o != nil && !r.keep.strict {
			v = withEmptyDicts(v, o.dicts)
		}
		return v, o != nil && v != nil && !o.accepts(v)
	}
	start := r.Offset()
	t, data := r.Next()
	switch {
	case t.Kind == serial.KindNull:
		return nil, false
	case t.Kind != serial.KindArray && t.Kind != serial.KindMap:
		v = t.Value(data)
		return v, o.form != formScalar || !o.accepts(v)
	}
	r.Seek(start)
	if t.Kind == serial.KindArray && o.form != formScalar {
		return r.optionList(o, depth)
	}
	r.Skip(depth)
	return nil, true
}

// optionList reads a list. It reads the list twice: at first to check its form and to count its elements.
func (r *reader) optionList(o *option, depth int) (v any, refused bool) {
	if o.form == formDicts {
		v, ok := r.dicts(depth)
		return v, !ok
	}
	start := r.Offset()
	_, whole := r.Skip(depth)
	if r.Err() != nil {
		return nil, false
	}
	end, n := r.Offset(), whole.Elements
	if !o.receivers {
		r.spend(n)
	} else if most := r.keep.receivers; most > 0 {
		n = min(n, most+1) // one more than allowed shows that there are too many
	}
	if r.Err() != nil {
		return nil, false
	}
	r.Seek(start)
	var ok bool
	if o.form == formIDs {
		v, ok = readList(r, n, tokenID)
	} else {
		v, ok = readList(r, n, tokenString)
	}
	r.Seek(end)
	return v, !ok
}

// readList reads the first n elements of a list whose form is known to be right.
func readList[T any](r *reader, n int, as func(serial.Token, []byte) (T, bool)) (list []T, ok bool) {
	list = make([]T, 0, n)
	head, _ := r.Next()
	for i := 0; i < n && r.More(serial.KindArray, head.Length(), i); i++ {
		v, ok := as(r.Next())
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, true
}

// dicts reads a list of dicts. A server has no use for them, and only checks them.
func (r *reader) dicts(depth int) (v any, ok bool) {
	if !r.keep.known {
		v = r.value(depth)
		_, ok = listOf(v, asDict)
		return v, ok
	}
	ok = true
	head, _ := r.Next()
	for i := 0; r.More(serial.KindArray, head.Length(), i); i++ {
		_, item := r.Skip(depth + 1)
		ok = ok && item.Kind == serial.KindMap
	}
	return nil, ok
}

// tokenID returns an element of a list of ids.
func tokenID(t serial.Token, _ []byte) (ID, bool) {
	n, ok := t.Int(), true
	switch t.Kind {
	case serial.KindInt:
	case serial.KindFloat:
		n, ok = integerFromFloat(t.Float())
	default:
		return 0, false
	}
	return ID(n), ok && n > 0 && ID(n) <= MaxID
}

// tokenString returns an element of a list of strings.
func tokenString(t serial.Token, data []byte) (string, bool) {
	if t, data = t.Resolve(data); t.Kind != serial.KindText || len(data) > 0 && data[0] == 0 {
		return "", false
	}
	return string(data), true
}
