package serial

import "hash/maphash"

const (
	// inlineKeys is the number of keys that need no heap memory. They are on the stack of the goroutine that
	// reads, so the number is that of most messages and no larger.
	inlineKeys = 12
	// linearKeys is the number of keys of one map that are compared one by one, which is quicker than hashing.
	// Further keys move all of them to a [keySet].
	linearKeys = 64
	// spareSlots bounds the table that is cleared for the next map. Clearing a large one costs more than a new one.
	spareSlots = 8 * linearKeys
)

// Keys holds the keys of one map, apart from a value that is read.
type Keys struct {
	stack keyStack
	keys  mapKeys
}

// NewKeys returns an empty set of keys.
func NewKeys() *Keys {
	k := new(Keys)
	k.keys = k.stack.open()
	return k
}

// Add adds a key. It returns false if the map has the key already.
func (k *Keys) Add(key []byte) bool { return k.stack.add(&k.keys, key) }

// keyStack finds duplicate keys. Parsers disagree about which of two equal keys counts, which an attacker could
// use to pass a check, so every serialization refuses them. Keys of nested maps lie on those of outer maps.
type keyStack struct {
	inline   [inlineKeys][]byte
	overflow [][]byte
	n        int
	spare    *keySet // of a map that was closed, for the next one
}

// mapKeys holds the keys of one map that is being read.
type mapKeys struct {
	first  int     // index of the first key on the stack
	filter uint64  // the keyBit of each key: most new keys have a bit of their own
	set    *keySet // replaces the stack above linearKeys
}

func (k *keyStack) open() mapKeys { return mapKeys{first: k.n} }

// close removes the keys of the map that was opened last.
func (k *keyStack) close(m mapKeys) {
	k.n = m.first
	if m.set != nil && len(m.set.slots) <= spareSlots {
		k.spare = m.set
	}
}

// add adds a key to the map that was opened last. It returns false if the map has the key already.
func (k *keyStack) add(m *mapKeys, key []byte) bool {
	if m.set == nil {
		bit := keyBit(key)
		if m.filter&bit != 0 && k.has(m.first, key) {
			return false
		}
		m.filter |= bit
		if k.n < m.first+linearKeys {
			k.push(key)
			return true
		}
		k.spill(m)
	}
	return m.set.add(key)
}

// keyBit returns one of 64 bits, derived from the length and three bytes of the key.
func keyBit(key []byte) uint64 {
	n := len(key)
	if n == 0 {
		return 1
	}
	return 1 << ((7*uint(n) + uint(key[0]) + 11*uint(key[n/2]) + 29*uint(key[n-1])) % 64)
}

func (k *keyStack) has(first int, key []byte) bool {
	for i := first; i < k.n; i++ {
		if string(k.at(i)) == string(key) {
			return true
		}
	}
	return false
}

func (k *keyStack) at(i int) []byte {
	if i < inlineKeys {
		return k.inline[i]
	}
	return k.overflow[i-inlineKeys]
}

func (k *keyStack) push(key []byte) {
	switch {
	case k.n < inlineKeys:
		k.inline[k.n] = key
	case k.overflow == nil:
		k.overflow = append(make([][]byte, 0, linearKeys-inlineKeys), key)
	default:
		k.overflow = append(k.overflow[:k.n-inlineKeys], key)
	}
	k.n++
}

// spill moves the keys of a map from the stack to a set.
func (k *keyStack) spill(m *mapKeys) {
	if m.set, k.spare = k.spare, nil; m.set == nil {
		m.set = &keySet{slots: make([]uint64, 4*linearKeys)}
	} else {
		m.set.n = 0
		clear(m.set.slots)
	}
	for i := m.first; i < k.n; i++ {
		m.set.add(k.at(i))
	}
	k.n = m.first
}

// keySet holds the hashes of the keys of one map, in a table with open addressing. A key of four bytes in a frame costs
// 8 to 32 bytes here, and 100 in a Go map of strings: the keys of a large frame must not cost many times the frame.
//
// Two different keys with one hash are taken for the same key. The seed is random, so no sender can choose such keys.
// By chance that happens in one of 10^7 maps with a million keys.
type keySet struct {
	slots []uint64 // 0: free; the length is a power of two
	n     int
}

var keySeed = maphash.MakeSeed()

// add adds a key. It returns false if the set has the key already.
func (s *keySet) add(key []byte) bool {
	if 4*s.n >= 3*len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, 2*len(old))
		for _, hash := range old {
			if hash != 0 {
				*s.slot(hash) = hash
			}
		}
	}
	hash := max(maphash.Bytes(keySeed, key), 1)
	slot := s.slot(hash)
	if *slot == hash {
		return false
	}
	*slot = hash
	s.n++
	return true
}

// slot returns the slot that has the hash, or the free one for it.
func (s *keySet) slot(hash uint64) *uint64 {
	mask := uint64(len(s.slots) - 1)
	i := hash & mask
	for s.slots[i] != 0 && s.slots[i] != hash {
		i = (i + 1) & mask
	}
	return &s.slots[i]
}
