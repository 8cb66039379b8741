package pattern

import "maps"

// shrinkFloor is the number of entries below which the memory of a table is not worth a copy.
const shrinkFloor = 1024

// Table is a map that gives memory back when most of its entries are gone. A map of Go keeps what it had when it was
// largest. The zero value is empty and ready to use.
type Table[K comparable, V any] struct {
	entries map[K]*V
	largest int // number of entries since the last copy
}

// Get returns the value of a key, or nil.
func (t *Table[K, V]) Get(key K) *V { return t.entries[key] }

// Put stores a value.
func (t *Table[K, V]) Put(key K, value *V) {
	if t.entries == nil {
		t.entries = make(map[K]*V)
	}
	t.entries[key] = value
	t.largest = max(t.largest, len(t.entries))
}

// Delete removes a key. When an eighth of the entries is left, it copies them: that costs less than removing the others
// has cost.
func (t *Table[K, V]) Delete(key K) {
	delete(t.entries, key)
	if t.largest > shrinkFloor && len(t.entries) <= t.largest/8 {
		rest := make(map[K]*V, len(t.entries))
		maps.Copy(rest, t.entries)
		t.entries, t.largest = rest, len(rest)
	}
}
