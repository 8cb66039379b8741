package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// An entry of the log is stored as
//
//	8 bytes   of the SHA-256 of what follows
//	8 bytes   the time of the entry before, in nanoseconds since 1970; 0 if there is none
//	16 bytes  the digest of an id, for each id
const (
	entrySumBytes  = 8
	entryHeadBytes = 16
)

var errEntry = errors.New("it is not as it was written")

func encodeEntry(digests []byte, before time.Time) []byte {
	data := make([]byte, entryHeadBytes, entryHeadBytes+len(digests))
	if !before.IsZero() {
		binary.BigEndian.PutUint64(data[entrySumBytes:], uint64(before.UnixNano()))
	}
	data = append(data, digests...)
	sum := sha256.Sum256(data[entrySumBytes:])
	copy(data, sum[:entrySumBytes])
	return data
}

// decodeEntry returns an error that [isDamage] for all other bytes than those of encodeEntry.
func decodeEntry(data []byte) (digests []byte, before time.Time, err error) {
	if len(data) < entryHeadBytes || (len(data)-entryHeadBytes)%digestBytes != 0 {
		return nil, time.Time{}, damaged(errEntry)
	}
	sum := sha256.Sum256(data[entrySumBytes:])
	if string(sum[:entrySumBytes]) != string(data[:entrySumBytes]) {
		return nil, time.Time{}, damaged(errEntry)
	}
	if nanoseconds := binary.BigEndian.Uint64(data[entrySumBytes:]); nanoseconds > 0 {
		before = time.Unix(0, int64(nanoseconds))
	}
	return data[entryHeadBytes:], before, nil
}
