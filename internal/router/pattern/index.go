package pattern

import (
	"sync"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Index holds values by their pattern and by their id, and gives out the ids. Methods that end in Locked need Mu; all
// others take it for reading. The zero value is empty and ready to use.
type Index[V any] struct {
	Mu sync.RWMutex // guards what follows

	last  wamp.Sequence
	byURI Map[V]
	byID  Table[wamp.ID, V]
}

// Match appends the values of all patterns that match the topic, as [Map.Match] does.
func (x *Index[V]) Match(dst []*V, topic wamp.URI) []*V {
	x.Mu.RLock()
	defer x.Mu.RUnlock()
	return x.byURI.Match(dst, topic)
}

// Best returns the value of the one pattern that a call of the procedure goes to, as [Map.Best] does.
func (x *Index[V]) Best(procedure wamp.URI) *V {
	x.Mu.RLock()
	defer x.Mu.RUnlock()
	return x.byURI.Best(procedure)
}

// Get returns the value stored under exactly this URI and match policy, or nil.
func (x *Index[V]) Get(uri wamp.URI, match wamp.Match) *V {
	x.Mu.RLock()
	defer x.Mu.RUnlock()
	return x.GetLocked(uri, match)
}

// GetLocked is Get for a caller that holds Mu.
func (x *Index[V]) GetLocked(uri wamp.URI, match wamp.Match) *V { return x.byURI.Get(uri, match) }

// ByID returns the value with this id, or nil.
func (x *Index[V]) ByID(id wamp.ID) *V {
	x.Mu.RLock()
	defer x.Mu.RUnlock()
	return x.byID.Get(id)
}

// All lists all values, in no order.
func (x *Index[V]) All() []*V {
	x.Mu.RLock()
	defer x.Mu.RUnlock()
	return x.byURI.All(make([]*V, 0, x.byURI.Len()))
}

// Len returns the number of values.
func (x *Index[V]) Len() int {
	x.Mu.RLock()
	defer x.Mu.RUnlock()
	return x.LenLocked()
}

// LenLocked is Len for a caller that holds Mu.
func (x *Index[V]) LenLocked() int { return x.byURI.Len() }

// PutLocked stores a value under a new id, which it returns. The URI must have none under this match policy. Caller
// must hold Mu.
func (x *Index[V]) PutLocked(uri wamp.URI, match wamp.Match, value *V) wamp.ID {
	id := x.last.Next()
	x.byID.Put(id, value)
	x.PutHiddenLocked(uri, match, value)
	return id
}

// PutHiddenLocked is PutLocked for a value without an id. Caller must hold Mu.
func (x *Index[V]) PutHiddenLocked(uri wamp.URI, match wamp.Match, value *V) {
	x.byURI.Put(uri, match, value)
}

// DeleteLocked removes a value. Its id is 0 if it has none. Caller must hold Mu.
func (x *Index[V]) DeleteLocked(uri wamp.URI, match wamp.Match, id wamp.ID) {
	x.byURI.Delete(uri, match)
	x.byID.Delete(id)
}
