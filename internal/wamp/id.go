package wamp

import (
	"crypto/rand"
	"encoding/binary"
)

// ID identifies a session, a publication, a subscription, a registration or a request (WAMP,
// "Identifiers"). Valid ids are 1 to [MaxID].
type ID uint64

// MaxID is 2^53, the largest integer that readers of every serialization keep exactly.
const MaxID ID = 1 << 53

// Valid reports whether the id is from 1 to [MaxID].
func (id ID) Valid() bool { return id >= 1 && id <= MaxID }

// NewGlobalID returns a random id of global scope: uniform over the whole range, and unpredictable.
func NewGlobalID() ID {
	var b [8]byte
	rand.Read(b[:]) // cannot fail: crypto/rand ends the program instead
	return ID(binary.LittleEndian.Uint64(b[:])&(1<<53-1)) + 1
}

// Sequence generates ids of session scope: 1, 2, 3 ... and 1 again after MaxID.
type Sequence struct{ last ID }

// Next returns the next id.
func (s *Sequence) Next() ID {
	s.last = s.last%MaxID + 1
	return s.last
}

// Expect checks that the id of a client's request is the next of the sequence (WAMP, "Identifiers"). A CALL may repeat
// an earlier id, to continue that call. Messages without an id are accepted.
func (s *Sequence) Expect(m Message) error {
	id := RequestID(m)
	if id == 0 {
		return nil
	}
	next := s.last%MaxID + 1
	if id == next {
		s.last = next
		return nil
	}
	if m.Code() == CodeCall && id < next {
		return nil
	}
	return Violation("%s has the request id %d, the next is %d", m.Code(), id, next)
}

// Last returns the last id so far, or 0.
func (s *Sequence) Last() ID { return s.last }
