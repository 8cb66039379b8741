package journal

import (
	"container/heap"
	"iter"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// keys holds the idempotency keys of the last publications. Over the limit the publisher with the most keys loses its
// oldest one. Of n publishers, one that has no more than the n-th part of the limit loses nothing to the others. The
// journal's lock guards it.
type keys struct {
	most int
	keep time.Duration

	known  map[string]*usedKey
	shares map[string]*keyShare // by publisher
	heap   keyHeap
}

func newKeys(most int, keep time.Duration) keys {
	return keys{most: most, keep: keep, known: make(map[string]*usedKey), shares: make(map[string]*keyShare)}
}

type usedKey struct {
	key         string
	publication wamp.ID
	at          time.Time
}

// keyShare holds the keys of one publisher, oldest first.
type keyShare struct {
	publisher string
	order     []*usedKey
	index     int // in the heap
}

// keyOf returns the idempotency key of a publication among those of all topics.
func keyOf(p *publication.Placement) string { return string(p.Entry.Topic) + "\x00" + p.IdempotencyKey }

// publisherOf returns the publisher of a key: what is between the topic and the last part.
func publisherOf(key string) string {
	first, last := strings.IndexByte(key, 0), strings.LastIndexByte(key, 0)
	return key[first:max(first, last)]
}

func (k *keys) find(key string, now time.Time) *usedKey {
	used := k.known[key]
	if used == nil || now.Sub(used.at) > k.keep {
		return nil
	}
	return used
}

func (k *keys) add(key string, id wamp.ID, now time.Time) {
	publisher := publisherOf(key)
	s := k.shares[publisher]
	if s == nil {
		s = &keyShare{publisher: publisher}
		k.shares[publisher] = s
		heap.Push(&k.heap, s)
	}
	used := &usedKey{key, id, now}
	k.known[key] = used
	s.order = append(s.order, used)
	heap.Fix(&k.heap, s.index)
	for len(k.known) > k.most {
		k.dropOldest(k.heap[0])
	}
}

func (k *keys) expire(now time.Time) {
	for _, s := range k.shares {
		for len(s.order) > 0 && now.Sub(s.order[0].at) > k.keep {
			k.dropOldest(s)
		}
	}
}

// dropOldest forgets the oldest key of a publisher, which has one.
func (k *keys) dropOldest(s *keyShare) {
	oldest := s.order[0]
	s.order[0] = nil
	s.order = s.order[1:]
	if k.known[oldest.key] == oldest {
		delete(k.known, oldest.key)
	}
	if len(s.order) > 0 {
		heap.Fix(&k.heap, s.index)
		return
	}
	heap.Remove(&k.heap, s.index)
	delete(k.shares, s.publisher)
}

// all yields all keys, those of one publisher oldest first.
func (k *keys) all() iter.Seq[*usedKey] {
	return func(yield func(*usedKey) bool) {
		for _, s := range k.shares {
			for _, used := range s.order {
				if !yield(used) {
					return
				}
			}
		}
	}
}

// keyHeap has the share with the most keys first.
type keyHeap []*keyShare

// Len implements [heap.Interface].
func (h keyHeap) Len() int { return len(h) }

// Less implements [heap.Interface]. Of two shares of one size it prefers the one whose oldest key is older.
func (h keyHeap) Less(i, j int) bool {
	a, b := h[i].order, h[j].order
	if len(a) != len(b) || len(a) == 0 {
		return len(a) > len(b)
	}
	return a[0].at.Before(b[0].at)
}

// Swap implements [heap.Interface].
func (h keyHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements [heap.Interface].
func (h *keyHeap) Push(x any) {
	s := x.(*keyShare)
	s.index = len(*h)
	*h = append(*h, s)
}

// Pop implements [heap.Interface].
func (h *keyHeap) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return s
}

var _ heap.Interface = (*keyHeap)(nil)
