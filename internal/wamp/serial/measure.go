package serial

import "slices"

// An extent describes one value head of a binary serialization, whatever the value holds.
type extent struct {
	kind   Kind
	size   int   // bytes of the head, and of the text or other data behind it
	values int32 // the values that follow and belong to it: elements, or keys and values; indefinite if not announced
	marker byte  // UBJSON's type of these values, which have no marker of their own; 0: none
	isTag  bool  // a CBOR tag, whose one value has the kind
}

// slot tells what stands at the place of a value.
type slot struct {
	isKey  bool
	marker byte // UBJSON's type of the value, if the container announces one
}

// structured is a binary format that can tell the extent of any value that is framed correctly.
type structured interface {
	format
	extent(b []byte, s slot) (extent, error)
}

// level is an array, a map or a tag whose end was not reached yet.
type level struct {
	left   int32 // values, or indefinite
	isMap  bool
	isOdd  bool // an odd number of values was read: a key
	marker byte
}

// measure implements [format.measure] for the binary serializations. It is not recursive, because the depth is not
// limited here. A container is forgotten as soon as its last value begins, so memory is needed only for containers
// with values left.
func measure(f structured, b []byte) (Span, error) {
	m := measurer{f: f, b: b}
	whole := Span{}
	for isKnown := false; ; {
		x, err := m.next()
		if err != nil {
			return Span{}, err
		}
		if !isKnown {
			whole.Kind, isKnown = x.kind, !x.isTag
		}
		ended, err := m.closeLevels()
		if err != nil {
			return Span{}, err
		}
		if ended {
			whole.size = m.pos
			return whole, nil
		}
	}
}

type measurer struct {
	f    structured
	b    []byte
	pos  int
	open []level
	due  int // bytes that the open levels need at least: one for each value, and for an end
}

// next reads one head, and opens its level.
func (m *measurer) next() (extent, error) {
	m.pos = len(m.b) - len(m.f.trim(m.b[m.pos:]))
	s := slot{}
	if n := len(m.open); n > 0 {
		top := &m.open[n-1]
		s = slot{isKey: top.isMap && !top.isOdd, marker: top.marker}
		top.isOdd = !top.isOdd
		if top.left > 0 {
			m.due--
			if top.left--; top.left == 0 {
				m.open = m.open[:n-1]
			}
		}
	}
	x, err := m.f.extent(m.b[m.pos:], s)
	if err != nil {
		return x, err
	}
	m.pos += x.size
	if x.values != 0 {
		err = m.openLevel(level{left: x.values, isMap: x.kind == KindMap, marker: x.marker})
	}
	return x, err
}

// openLevel fails if the frame is too short for all levels, before it takes memory for many of them.
func (m *measurer) openLevel(l level) error {
	m.due += max(int(l.left), 1)
	if m.due > len(m.b)-m.pos {
		return errShort
	}
	m.open = appendDoubling(m.open, l)
	return nil
}

// appendDoubling is append for a slice that may grow large, and takes less memory over all.
func appendDoubling[T any](list []T, v T) []T {
	if len(list) == cap(list) {
		list = slices.Grow(list, max(len(list), 16))
	}
	return append(list, v)
}

// closeLevels closes the levels that end here. It reports whether none is left.
func (m *measurer) closeLevels() (ended bool, err error) {
	for n := len(m.open); n > 0; n = len(m.open) {
		top := &m.open[n-1]
		if top.left != Indefinite || top.isMap && top.isOdd {
			return false, nil
		}
		k := KindArray
		if top.isMap {
			k = KindMap
		}
		size, more, err := m.f.more(m.b[m.pos:], k, 0)
		m.pos += size
		if more || err != nil {
			return false, err
		}
		m.open = m.open[:n-1]
		m.due--
	}
	return true, nil
}

// countValues returns the number of values of a container that announces n elements, or entries. Each value takes at
// least one byte of the rest.
func countValues(k Kind, n uint64, rest []byte) (int32, error) {
	if n > uint64(len(rest)) {
		return 0, errShort
	}
	if k == KindMap {
		n *= 2
	}
	if n > uint64(len(rest)) || n > maxValues {
		return 0, errShort
	}
	return int32(n), nil
}

// maxValues is far above the values that fit in a frame.
const maxValues = 1<<31 - 1
