package schema

import (
	"encoding/binary"
	"hash/maphash"
	"maps"
	"math"
	"slices"
)

// equal reports whether two values of [decode] are equal.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	}
	switch b.(type) {
	case []any, map[string]any:
		return false
	}
	return a == b // each number has one form
}

// size returns the number of values inside a value, itself included.
func size(value any) int {
	n := 1
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			n += size(item)
		}
	case map[string]any:
		for _, member := range v {
			n += size(member)
		}
	}
	return n
}

// duplicate returns the positions of two items that are equal. It compares hashes first: comparing each item with each
// other one takes too long. It reports false if there are none, or if the meter has stopped.
func (m *meter) duplicate(items []any) (first, second int, found bool) {
	h := hasher{meter: m}
	h.hash.SetSeed(maphash.MakeSeed())
	seen := make(map[uint64][]int, len(items))
	for i, item := range items {
		h.hash.Reset()
		h.write(item)
		sum := h.hash.Sum64()
		for _, j := range seen[sum] {
			if equal(items[j], item) {
				return j, i, true
			}
		}
		if m.stopped != nil {
			return 0, 0, false
		}
		seen[sum] = append(seen[sum], i)
	}
	return 0, 0, false
}

// hasher hashes values. Equal values have equal hashes.
type hasher struct {
	meter *meter
	hash  maphash.Hash
}

func (h *hasher) write(value any) {
	if !h.meter.spend(1) {
		return
	}
	switch v := value.(type) {
	case nil:
		h.tag('n', 0)
	case bool:
		if v {
			h.tag('b', 1)
		} else {
			h.tag('b', 0)
		}
	case int64:
		h.tag('i', uint64(v)) //nolint:gosec // the bits matter
	case uint64:
		h.tag('u', v)
	case float64:
		h.tag('f', math.Float64bits(v))
	case string:
		h.text(v)
	case []any:
		h.tag('a', uint64(len(v)))
		for _, item := range v {
			h.write(item)
		}
	case map[string]any:
		h.tag('o', uint64(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			h.text(name)
			h.write(v[name])
		}
	}
}

func (h *hasher) text(text string) {
	h.tag('s', uint64(len(text)))
	_, _ = h.hash.WriteString(text) // never fails
}

func (h *hasher) tag(kind byte, value uint64) {
	var b [9]byte
	b[0] = kind
	binary.LittleEndian.PutUint64(b[1:], value)
	_, _ = h.hash.Write(b[:]) // never fails
}
