package serial

// extent implements [structured]. Unlike [ubjsonFormat.value] it accepts containers with one type for all elements.
func (f ubjsonFormat) extent(b []byte, s slot) (extent, error) {
	if s.isKey {
		_, rest, err := ubjsonBytes(b)
		return extent{kind: KindText, size: len(b) - len(rest)}, err
	}
	marker, rest := s.marker, b
	if marker == 0 {
		if len(b) == 0 {
			return extent{}, errShort
		}
		marker, rest = b[0], b[1:]
	}
	x := extent{}
	var err error
	switch marker {
	case '[', '{':
		x, rest, err = ubjsonContainer(marker, rest)
	case 'S', 'H':
		x.kind = KindText
		_, rest, err = ubjsonBytes(rest)
	default:
		var size int
		if x.kind, size, err = ubjsonScalar(marker); err == nil && size > len(rest) {
			err = errShort
		}
		if err == nil {
			rest = rest[size:]
		}
	}
	x.size = len(b) - len(rest)
	return x, err
}

// ubjsonScalar returns the kind of a scalar and the bytes behind its marker.
func ubjsonScalar(marker byte) (k Kind, size int, err error) {
	switch marker {
	case 'Z':
		return KindNull, 0, nil
	case 'T', 'F':
		return KindBool, 0, nil
	case 'C':
		return KindText, 1, nil
	case 'd':
		return KindFloat, 4, nil
	case 'D':
		return KindFloat, 8, nil
	case 'i', 'U':
		return KindInt, 1, nil
	case 'I':
		return KindInt, 2, nil
	case 'l':
		return KindInt, 4, nil
	case 'L':
		return KindInt, 8, nil
	case ']', '}':
		return KindNull, 0, errUnexpected
	}
	_, _, err = ubjsonInteger(marker, nil) // says that the marker is unknown
	return KindNull, 0, err
}

// ubjsonContainer reads the head of a container, and all of it if its elements have one type without a length.
func ubjsonContainer(marker byte, b []byte) (extent, []byte, error) {
	x := extent{kind: KindArray, values: Indefinite}
	if marker == '{' {
		x.kind = KindMap
	}
	if len(b) > 1 && b[0] == '$' {
		x.marker, b = b[1], b[2:]
	}
	if len(b) == 0 {
		return x, b, errShort
	}
	if b[0] != '#' {
		if x.marker != 0 {
			return x, b, errTyped
		}
		return x, b, nil
	}
	n, rest, err := ubjsonCount(b[1:])
	if err != nil {
		return x, b, err
	}
	if _, size, err := ubjsonScalar(x.marker); x.marker != 0 && x.kind == KindArray && err == nil {
		x.values = 0
		switch {
		case size == 0:
			return x, rest, nil
		case n > uint64(len(rest)/size):
			return x, b, errShort
		}
		return x, rest[size*int(n):], nil
	}
	x.values, err = countValues(x.kind, n, rest)
	return x, rest, err
}

// ubjsonCount reads a number of elements, which may take no bytes each.
func ubjsonCount(b []byte) (uint64, []byte, error) {
	if len(b) == 0 {
		return 0, nil, errShort
	}
	n, rest, err := ubjsonInteger(b[0], b[1:])
	if err == nil && n < 0 {
		err = errLength
	}
	return uint64(n), rest, err
}
