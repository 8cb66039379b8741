package wamp

import "strings"

// A writer appends values in one serialization. The caller must alternate keys and values of a map, must
// close each array and map, and must pass text that is valid UTF-8. Only str and name replace bytes that are
// not UTF-8.
type writer struct {
	f        format
	dst      []byte
	commas   bool // between elements and entries
	afterKey bool // the last call has written a key
	n        int  // elements, or entries, of the innermost open array or map
}

func newWriter(s Serialization, dst []byte) writer {
	return writer{f: formats[s], dst: dst, commas: s == JSON}
}

// openContainer holds where an array or a map begins, and the element count of its parent.
type openContainer struct{ at, n int }

// element counts an element or entry, and writes the comma before it.
func (w *writer) element() {
	if w.commas && w.n > 0 {
		w.dst = append(w.dst, ',')
	}
	w.n++
}

// value must be called before each value is appended.
func (w *writer) value() {
	if w.afterKey {
		w.afterKey = false
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
	w.afterKey = true
}

// name appends a key that comes from Go code.
func (w *writer) name(v string) {
	w.element()
	w.dst = w.f.appendName(w.dst, validText(v))
	w.afterKey = true
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

func (w *writer) openArray() openContainer   { return w.open(kindArray) }
func (w *writer) openMap() openContainer     { return w.open(kindMap) }
func (w *writer) closeArray(o openContainer) { w.close(kindArray, o) }
func (w *writer) closeMap(o openContainer)   { w.close(kindMap, o) }

func (w *writer) open(k kind) openContainer {
	w.value()
	o := openContainer{at: len(w.dst), n: w.n}
	w.dst = w.f.open(w.dst, k)
	w.n = 0
	return o
}

func (w *writer) close(k kind, o openContainer) {
	w.dst = w.f.close(w.dst, k, o.at, w.n)
	w.n = o.n
}

// validText replaces bytes that are not UTF-8, as JSON writers do: one such byte in a header or a message
// would make the client refuse the whole frame.
func validText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// replaceHead replaces the one byte that open has reserved at dst[at] by the head of the array or map, and
// moves the elements if the head is longer. The number of elements is known only at the end.
func replaceHead(dst []byte, at int, head []byte) []byte {
	if grow := len(head) - 1; grow > 0 {
		end := len(dst)
		dst = append(dst, head[:grow]...)
		copy(dst[at+len(head):], dst[at+1:end])
	}
	copy(dst[at:], head)
	return dst
}
