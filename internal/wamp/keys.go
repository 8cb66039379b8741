package wamp

const (
	// inlineKeys is the number of keys that need no heap memory. They are on the stack of the goroutine that
	// reads, so the number is that of most messages and no larger.
	inlineKeys = 12
	// linearKeys is the number of keys of one map that are compared one by one, which is quicker than hashing
	// and allocates no strings. Further keys move all of them to a Go map.
	linearKeys = 64
)

// keyStack finds duplicate keys. Parsers disagree about which of two equal keys counts, which an attacker could
// use to pass a check, so every serialization refuses them. Keys of nested maps lie on those of outer maps.
type keyStack struct {
	inline   [inlineKeys][]byte
	overflow [][]byte
	n        int
}

// mapKeys holds the keys of one map that is being read.
type mapKeys struct {
	first  int                 // index of the first key on the stack
	filter uint64              // the keyBit of each key: most new keys have a bit of their own
	set    map[string]struct{} // replaces the stack above linearKeys
}

func (k *keyStack) open() mapKeys { return mapKeys{first: k.n} }

// close removes the keys of the map that was opened last.
func (k *keyStack) close(m mapKeys) { k.n = m.first }

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
	before := len(m.set)
	m.set[string(key)] = struct{}{}
	return len(m.set) > before
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
		k.overflow = append(make([][]byte, 0, linearKeys/2), key)
	default:
		k.overflow = append(k.overflow[:k.n-inlineKeys], key)
	}
	k.n++
}

// spill moves the keys of a map from the stack to a Go map.
func (k *keyStack) spill(m *mapKeys) {
	m.set = make(map[string]struct{}, 2*linearKeys)
	for i := m.first; i < k.n; i++ {
		m.set[string(k.at(i))] = struct{}{}
	}
	k.n = m.first
}
