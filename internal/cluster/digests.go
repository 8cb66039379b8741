package cluster

import (
	"crypto/sha256"
	"time"
)

const (
	// digestBytes is the kept part of the hash of an id. Two of a million ids share a digest with odds of 1 to
	// 10^26; the later one is then refused, not let in.
	digestBytes = 16
	// generationsPerTTL sets how exactly digests expire: with 4, a digest stays up to a quarter of its lifetime
	// too long, and a lookup reads six maps at most.
	generationsPerTTL = 4
)

// digest stands for an id. It has a fixed size and no pointer: a set of digests is small, and the garbage collector
// does not scan it.
type digest [digestBytes]byte

func digestOf(id string) digest {
	sum := sha256.Sum256([]byte(id))
	return digest(sum[:digestBytes])
}

// digests is a set whose members expire, by generations: to expire one is to drop a map. The zero value with a ttl is
// empty. It is not safe for concurrent use.
type digests struct {
	ttl         time.Duration // 0: for ever
	generations []generation  // oldest first
	size        int
}

// generation holds what was added within a part of the lifetime.
type generation struct {
	since time.Time // wall clock only, as for the lifetime of tickets; it may be set back
	ids   map[digest]struct{}
}

func (s *digests) has(d digest) bool {
	for i := len(s.generations) - 1; i >= 0; i-- { // a second use mostly follows soon
		if _, found := s.generations[i].ids[d]; found {
			return true
		}
	}
	return false
}

// add adds a digest and reports whether it is new. The digest stays for the ttl at least, counted from the given time
// or from that of a later member.
func (s *digests) add(d digest, at time.Time) (first bool) {
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

// expire drops the generations whose members have all expired. It returns the time until the next one expires, or 0 if
// there is none.
func (s *digests) expire(now time.Time) (next time.Duration) {
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
