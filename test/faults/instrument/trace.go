package instrument

import (
	"encoding/binary"
	"fmt"
)

// operation is a record of a trace.
type operation struct {
	kind    byte
	a, b, c uint64
	text    string
	data    []byte
}

// The operations. Files are known by their descriptors.
const (
	opOpen      = 'O' // a: descriptor, b: flags, c: permissions, text: path
	opWrite     = 'W' // a: descriptor, b: offset
	opTruncate  = 'T' // a: descriptor, b: size
	opSyncBegin = 's' // a: descriptor, b: id
	opSyncEnd   = 'S' // b: id
	opRename    = 'R' // text: from, data: to
	opRemove    = 'D' // text: path
	opMkdir     = 'M' // c: permissions, text: path
)

const head = 1 + 3*8 + 4

// next returns the first operation of a trace and what follows it. A record that is cut off is the end.
func next(trace []byte) (o operation, rest []byte, ok bool, err error) {
	if len(trace) < 4 {
		return o, nil, false, nil
	}
	length := int(binary.LittleEndian.Uint32(trace))
	trace = trace[4:]
	if len(trace) < length {
		return o, nil, false, nil
	}
	record, rest := trace[:length], trace[length:]
	if length < head {
		return o, nil, false, fmt.Errorf("a record of %d bytes", length)
	}
	text := head + int(binary.LittleEndian.Uint32(record[head-4:]))
	if text > length {
		return o, nil, false, fmt.Errorf("a record of %d bytes with a text of %d", length, text-head)
	}
	return operation{
		kind: record[0],
		a:    binary.LittleEndian.Uint64(record[1:]), b: binary.LittleEndian.Uint64(record[9:]), c: binary.LittleEndian.Uint64(record[17:]),
		text: string(record[head:text]), data: record[text:],
	}, rest, true, nil
}
