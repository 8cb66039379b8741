package journal

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// AsOfVersion returns a record as another version would have written it.
func AsOfVersion(record []byte, version byte) []byte {
	record = slices.Clone(record)
	record[0] = version
	binary.LittleEndian.PutUint32(record[1:], crc32.Checksum(record[recordHead:], checksums))
	return record
}

// Compact compacts the log.
func (j *Journal) Compact(ctx context.Context) error { return j.compact(ctx) }

// Tidy does what Run does from time to time.
func (j *Journal) Tidy(ctx context.Context) { j.tidy(ctx) }

// LogOf returns the log.
func (j *Journal) LogOf() Log { return j.written.log }

// IsStep is isStep.
var IsStep = isStep
