package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// A unit is written as a whole. It takes one record of the log, or several where one would be too long or would have
// too many publications:
//
//	1 byte    version of the layout
//	4 bytes   CRC-32C of what follows
//	1 byte    kind of the unit
//	1 byte    1: the unit has a further record; 2: it has an earlier one; 3: both
//	8 bytes   the writer: a random number of the process
//	varint    the number of the last record that the writer knew to be in the log when it wrote the unit
//	varint    the time, in milliseconds
//	          a part of the body
//
// A unit is in the log once all of its records are. A writer that gets no answer writes no further record of the unit
// and refuses it. Its next unit shows that, because it knows of no such record. So what was refused never counts.
const (
	recordVersion = 1
	recordHead    = 5

	// maxBody bounds the body of one record: the engine takes records of 1 MiB.
	maxBody = 512 << 10
	// placeBits are the bits of a Seq for the place in a record.
	placeBits = 10
	maxPlaces = 1 << placeBits
)

const (
	goesOn = 1 << iota
	goesOnFrom
)

// kind is the kind of a unit.
type kind uint8

const (
	startKind        kind = iota + 1 // a journal was opened
	publicationsKind                 // publications, which were appended together
	beginKind                        // a compaction begins: what is live before this record follows in pages
	pageKind
	endKind // all pages are there: what is before the beginning may be trimmed
)

var checksums = crc32.MakeTable(crc32.Castagnoli)

var errRecord = errors.New("it is not as it was written")

// newerError reports a record of a newer version.
type newerError struct{ version byte }

func (e *newerError) Error() string {
	return fmt.Sprintf("it was written by a newer version of Tidings (layout %d, this one knows %d): start that version, or give this one another data folder",
		e.version, recordVersion)
}

// header has the fields that all records of a unit have.
type header struct {
	kind   kind
	more   uint8
	writer uint64
	known  uint64
	at     time.Time
}

func (h *header) code(c *coder) {
	number(c, &h.kind)
	number(c, &h.more)
	number(c, &h.writer)
	c.uint(&h.known)
	c.time(&h.at)
}

// unit is a unit that was read, or is to be written.
type unit struct {
	header
	body    []byte
	ends    []int    // for each record: where its part of the body ends
	numbers []uint64 // of the records
	offset  uint64   // is added to the numbers
	awake   time.Time
}

// cut adds the records that the body needs so far, and those up to its end if it is complete.
func (u *unit) cut(complete bool) {
	for u.end()+maxBody < len(u.body) {
		u.ends = append(u.ends, u.end()+maxBody)
	}
	if complete {
		u.ends = append(u.ends, len(u.body))
	}
}

func (u *unit) end() int {
	if len(u.ends) == 0 {
		return 0
	}
	return u.ends[len(u.ends)-1]
}

// last returns the number of the last record.
func (u *unit) last() uint64 { return u.numbers[len(u.numbers)-1] }

// upTo returns the highest Seq that a publication of the unit may have.
func (u *unit) upTo() uint64 { return (u.last()+u.offset)<<placeBits | (maxPlaces - 1) }

// record returns the i-th record of a unit.
func (u *unit) record(i int) []byte {
	h, from := u.header, 0
	if i > 0 {
		h.more, from = goesOnFrom, u.ends[i-1]
	}
	if i < len(u.ends)-1 {
		h.more |= goesOn
	}
	c := coder{b: make([]byte, recordHead, recordHead+40+u.ends[i]-from)}
	h.code(&c)
	c.b = append(c.b, u.body[from:u.ends[i]]...)
	c.b[0] = recordVersion
	binary.LittleEndian.PutUint32(c.b[1:], crc32.Checksum(c.b[recordHead:], checksums))
	return c.b
}

// readRecord returns the header of a record and its part of the body.
func readRecord(record []byte) (h header, body []byte, err error) {
	if len(record) < recordHead || binary.LittleEndian.Uint32(record[1:]) != crc32.Checksum(record[recordHead:], checksums) {
		return header{}, nil, errRecord
	}
	if record[0] != recordVersion {
		return header{}, nil, &newerError{record[0]}
	}
	c := coder{b: record[recordHead:], reading: true}
	h.code(&c)
	if c.failed {
		return header{}, nil, errRecord
	}
	return h, c.b, nil
}

// seqs returns the Seq of each publication of a unit, which end at these places of the body.
func (u *unit) seqs(ends []int) []uint64 {
	seqs := make([]uint64, len(ends))
	record, place := 0, uint64(0)
	for i, end := range ends {
		for end > u.ends[record] {
			record, place = record+1, 0
		}
		seqs[i] = (u.numbers[record]+u.offset)<<placeBits | place
		place++
	}
	return seqs
}
