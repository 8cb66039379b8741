package wamp

import (
	"crypto/rand"
	"encoding/binary"
)

// ID identifies a session, a publication, a subscription, a registration or a request (WAMP,
// "Identifiers"). Valid ids are 1 to [MaxID].
type ID uint64

// MaxID is 2^53, the largest integer that every serialization's readers keep exactly.
const MaxID ID = 1 << 53

// Valid reports whether the id is in the range that the specification allows.
func (id ID) Valid() bool { return id >= 1 && id <= MaxID }

// NewGlobalID draws an id of global scope: uniform over the whole range, unpredictable.
func NewGlobalID() ID {
	var b [8]byte
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	return ID(binary.LittleEndian.Uint64(b[:])&(1<<53-1)) + 1
}

// Sequence gives ids of session scope: 1, 2, 3 ... and 1 again after MaxID.
type Sequence struct{ last ID }

// Next gives the id that follows.
func (s *Sequence) Next() ID {
	s.last = s.last%MaxID + 1
	return s.last
}
