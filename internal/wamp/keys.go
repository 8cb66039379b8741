package wamp

const (
	// ownKeys is how many keys need no memory from the heap. They are on the stack of a connection's
	// reader, so there are not more of them than most messages have.
	ownKeys = 12
	// fewKeys is how many keys of one map are compared one by one, which is quicker than hashing and needs no
	// strings, before they are put into a Go map.
	fewKeys = 64
)

// keys finds a key that a map has twice. What has one passes one parser and means something else to
// the next, so no serialization may bring it in. It is a stack, for maps in maps.
type keys struct {
	own  [ownKeys][]byte
	more [][]byte
	n    int
}

// mapKeys are the keys of one map that is being read.
type mapKeys struct {
	first int                 // on the stack
	seen  uint64              // a bit for each: most keys differ from all others already in it
	many  map[string]struct{} // in place of the stack
}

func (k *keys) open() mapKeys { return mapKeys{first: k.n} }

// close forgets the keys of the map that was opened last.
func (k *keys) close(m mapKeys) { k.n = m.first }

// add reports whether the map that was opened last does not have the key yet.
func (k *keys) add(m *mapKeys, key []byte) bool {
	if m.many == nil {
		bit := keyBit(key)
		if m.seen&bit != 0 && k.has(m.first, key) {
			return false
		}
		m.seen |= bit
		if k.n < m.first+fewKeys {
			k.push(key)
			return true
		}
		k.spill(m)
	}
	before := len(m.many)
	m.many[string(key)] = struct{}{}
	return len(m.many) > before
}

// keyBit gives one of 64 bits.
func keyBit(key []byte) uint64 {
	n := len(key)
	if n == 0 {
		return 1
	}
	return 1 << ((7*uint(n) + uint(key[0]) + 11*uint(key[n/2]) + 29*uint(key[n-1])) % 64)
}

func (k *keys) has(first int, key []byte) bool {
	for i := first; i < k.n; i++ {
		if string(k.at(i)) == string(key) {
			return true
		}
	}
	return false
}

func (k *keys) at(i int) []byte {
	if i < ownKeys {
		return k.own[i]
	}
	return k.more[i-ownKeys]
}

func (k *keys) push(key []byte) {
	switch {
	case k.n < ownKeys:
		k.own[k.n] = key
	case k.more == nil:
		k.more = append(make([][]byte, 0, fewKeys/2), key)
	default:
		k.more = append(k.more[:k.n-ownKeys], key)
	}
	k.n++
}

func (k *keys) spill(m *mapKeys) {
	m.many = make(map[string]struct{}, 2*fewKeys)
	for i := m.first; i < k.n; i++ {
		m.many[string(k.at(i))] = struct{}{}
	}
	k.n = m.first
}
