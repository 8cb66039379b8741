package wamp

import "strings"

// A writer appends values in one serialization. It trusts its caller: keys and values of a map
// alternate, what is opened is closed, and text is valid UTF-8. Only strings that come from Go code
// are made so.
type writer struct {
	f      format
	dst    []byte
	commas bool // stand between elements
	keyed  bool // the next value belongs to a key
	n      int  // elements, or entries, of the innermost array or map
}

func newWriter(s Serialization, dst []byte) writer {
	return writer{f: formats[s], dst: dst, commas: s == JSON}
}

// opened is an array or a map that is being written, and what stands around it.
type opened struct{ at, n int }

// element counts one more element or entry.
func (w *writer) element() {
	if w.commas && w.n > 0 {
		w.dst = append(w.dst, ',')
	}
	w.n++
}

func (w *writer) value() {
	if w.keyed {
		w.keyed = false
		return
	}
	w.element()
}

func (w *writer) null() {
	w.value()
	w.dst = w.f.appendNull(w.dst)
}

func (w *writer) boolean(v bool) {
	w.value()
	w.dst = w.f.appendBool(w.dst, v)
}

func (w *writer) integer(v int64) {
	w.value()
	w.dst = w.f.appendInt(w.dst, v)
}

func (w *writer) unsigned(v uint64) {
	w.value()
	w.dst = w.f.appendUint(w.dst, v)
}

func (w *writer) float(v float64) {
	w.value()
	w.dst = w.f.appendFloat(w.dst, v)
}

func (w *writer) binary(v []byte) {
	w.value()
	w.dst = w.f.appendBinary(w.dst, v)
}

func (w *writer) text(v []byte) {
	w.value()
	w.dst = w.f.appendText(w.dst, v)
}

func (w *writer) str(v string) {
	w.value()
	w.dst = w.f.appendString(w.dst, validText(v))
}

func (w *writer) key(v []byte) {
	w.element()
	w.dst = w.f.appendKey(w.dst, v)
	w.keyed = true
}

// name is a key that comes from Go code.
func (w *writer) name(v string) {
	w.element()
	w.dst = w.f.appendName(w.dst, validText(v))
	w.keyed = true
}

// raw appends one value that is already in the writer's serialization.
func (w *writer) raw(v []byte) {
	w.value()
	w.dst = append(w.dst, v...)
}

func (w *writer) scalar(t token, data []byte) {
	switch t.kind {
	case kindBool:
		w.boolean(t.num != 0)
	case kindInt:
		w.integer(int64(t.num))
	case kindUint:
		w.unsigned(t.num)
	case kindFloat:
		w.float(t.float())
	case kindText:
		w.text(data)
	case kindBinary:
		w.binary(data)
	default:
		w.null()
	}
}

func (w *writer) openArray() opened   { return w.open(kindArray) }
func (w *writer) openMap() opened     { return w.open(kindMap) }
func (w *writer) closeArray(o opened) { w.close(kindArray, o) }
func (w *writer) closeMap(o opened)   { w.close(kindMap, o) }

func (w *writer) open(k kind) opened {
	w.value()
	o := opened{at: len(w.dst), n: w.n}
	w.dst = w.f.open(w.dst, k)
	w.n = 0
	return o
}

func (w *writer) close(k kind, o opened) {
	w.dst = w.f.close(w.dst, k, o.at, w.n)
	w.n = o.n
}

// validText replaces what is not UTF-8, as JSON writers do: one bad byte in a header or a message
// would make the client refuse the whole frame.
func validText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// replaceHead puts the head of an array or a map in the place of the one byte that was left for it when
// it was opened, and makes room if that is not enough: the number of elements is known only at the end.
func replaceHead(dst []byte, at int, head []byte) []byte {
	if grow := len(head) - 1; grow > 0 {
		end := len(dst)
		dst = append(dst, head[:grow]...)
		copy(dst[at+len(head):], dst[at+1:end])
	}
	copy(dst[at:], head)
	return dst
}
