package wamp

import "github.com/tidings-io/tidings/internal/wamp/serial"

// A reader reads encoded values as Go values.
type reader struct {
	serial.Reader
	keep   keeping
	values int // read so far, see keeping
}

func newReader(s Serialization, b []byte) reader { return reader{Reader: serial.NewReader(s, b)} }

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
	if !e.More(serial.KindArray, e.n, e.read) {
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
