package serial

import "strings"

// A Writer appends values in one serialization. The caller must alternate keys and values of a map, must
// close each array and map, and must pass text that is valid UTF-8. Only Text and Name replace bytes that are
// not UTF-8.
type Writer struct {
	f        format
	dst      []byte
	commas   bool // between elements and entries
	afterKey bool // the last call has written a key
	n        int  // elements, or entries, of the innermost open array or map
}

// NewWriter returns a writer that appends to dst.
func NewWriter(s Serialization, dst []byte) Writer {
	return Writer{f: formats[s], dst: dst, commas: s == JSON}
}

// A Container holds where an array or a map begins, and the element count of its parent.
type Container struct{ at, n int }

// Bytes returns dst and what was appended to it.
func (w *Writer) Bytes() []byte { return w.dst }

// element counts an element or entry, and writes the comma before it.
func (w *Writer) element() {
	if w.commas && w.n > 0 {
		w.dst = append(w.dst, ',')
	}
	w.n++
}

// value must be called before each value is appended.
func (w *Writer) value() {
	if w.afterKey {
		w.afterKey = false
		return
	}
	w.element()
}

// Null appends null.
func (w *Writer) Null() {
	w.value()
	w.dst = w.f.appendNull(w.dst)
}

// Bool appends a boolean.
func (w *Writer) Bool(v bool) {
	w.value()
	w.dst = w.f.appendBool(w.dst, v)
}

// Int appends an integer.
func (w *Writer) Int(v int64) {
	w.value()
	w.dst = w.f.appendInt(w.dst, v)
}

// Uint appends an integer from 0.
func (w *Writer) Uint(v uint64) {
	w.value()
	w.dst = w.f.appendUint(w.dst, v)
}

// Float appends a float.
func (w *Writer) Float(v float64) {
	w.value()
	w.dst = w.f.appendFloat(w.dst, v)
}

// Binary appends bytes.
func (w *Writer) Binary(v []byte) {
	w.value()
	w.dst = w.f.appendBinary(w.dst, v)
}

func (w *Writer) text(v []byte) {
	w.value()
	w.dst = w.f.appendText(w.dst, v)
}

// Text appends a text that comes from Go code.
func (w *Writer) Text(v string) {
	w.value()
	w.dst = w.f.appendString(w.dst, validText(v))
}

func (w *Writer) key(v []byte) {
	w.element()
	w.dst = w.f.appendKey(w.dst, v)
	w.afterKey = true
}

// Name appends a key that comes from Go code.
func (w *Writer) Name(v string) {
	w.element()
	w.dst = w.f.appendName(w.dst, validText(v))
	w.afterKey = true
}

// Raw appends one value that is already in the writer's serialization.
func (w *Writer) Raw(v []byte) {
	w.value()
	w.dst = append(w.dst, v...)
}

func (w *Writer) scalar(t Token, data []byte) {
	switch t.Kind {
	case KindBool:
		w.Bool(t.num != 0)
	case KindInt:
		w.Int(int64(t.num))
	case KindUint:
		w.Uint(t.num)
	case KindFloat:
		w.Float(t.Float())
	case KindText:
		w.text(data)
	case KindBinary:
		w.Binary(data)
	default:
		w.Null()
	}
}

// OpenArray begins an array.
func (w *Writer) OpenArray() Container { return w.open(KindArray) }

// OpenMap begins a map.
func (w *Writer) OpenMap() Container { return w.open(KindMap) }

// CloseArray ends the array that was opened last.
func (w *Writer) CloseArray(o Container) { w.close(KindArray, o) }

// CloseMap ends the map that was opened last.
func (w *Writer) CloseMap(o Container) { w.close(KindMap, o) }

func (w *Writer) open(k Kind) Container {
	w.value()
	o := Container{at: len(w.dst), n: w.n}
	w.dst = w.f.open(w.dst, k)
	w.n = 0
	return o
}

func (w *Writer) close(k Kind, o Container) {
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
