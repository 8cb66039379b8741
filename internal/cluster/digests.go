package cluster

import (
	"crypto/sha256"
	"time"
)

const (
	// digestBytes is how much of the hash of an id is kept. That two of a million ids share their
	// digest has odds of 1 to 10^26, and then the later one is refused, not let in.
	digestBytes = 16
	// generationsPerTTL is the price of forgetting: with 4, a digest stays for up to a quarter of
	// its life too long, and is looked for in six maps at most.
	generationsPerTTL = 4
)

// digest stands for an id. It has a fixed size and no pointer: a set of them is small, and nothing
// that the garbage collector walks through.
type digest [digestBytes]byte

func digestOf(id string) digest {
	sum := sha256.Sum256([]byte(id))
	return digest(sum[:digestBytes])
}

// digests is a set that forgets: by generations, so that forgetting is to drop a map. The zero value
// with a lifetime is empty. It is not safe for concurrent use.
type digests struct {
	ttl         time.Duration // 0: for ever
	generations []generation  // oldest first
	size        int
}

// generation holds what was added within a part of the lifetime.
type generation struct {
	since time.Time // of the wall clock alone: it also says how long a ticket holds, and may be set back
	ids   map[digest]struct{}
}

func (s *digests) has(d digest) bool {
	for i := len(s.generations) - 1; i >= 0; i-- { // whoever tries twice mostly does so at once
		if _, found := s.generations[i].ids[d]; found {
			return true
		}
	}
	return false
}

// add says whether the digest was not there yet. It stays for the lifetime at least, from the time
// given or, if others came later already, from theirs.
func (s *digests) add(d digest, at time.Time) (fresh bool) {
	if s.has(d) {
		return false
	}
	last := len(s.generations) - 1
	if last < 0 || s.ttl > 0 && at.Sub(s.generations[last].since) >= s.span() {
		s.generations = append(s.generations, generation{since: at.Round(0), ids: make(map[digest]struct{})})
		last++
	}
	s.generations[last].ids[d] = struct{}{}
	s.size++
	return true
}

func (s *digests) span() time.Duration { return max(s.ttl/generationsPerTTL, 1) }

// forget drops the generations in which everything has outlived its time, and says how long it is
// until the next one; 0 where there is none.
func (s *digests) forget(now time.Time) (next time.Duration) {
	for len(s.generations) > 0 && s.ttl > 0 {
		oldest := s.generations[0]
		if left := oldest.since.Add(s.span() + s.ttl).Sub(now); left > 0 {
			return left
		}
		s.size -= len(oldest.ids)
		s.generations[0] = generation{} // the array outlives it
		s.generations = s.generations[1:]
	}
	return 0
}
