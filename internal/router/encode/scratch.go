package encode

import "sync"

// Scratch holds a message between its encoding and its framing.
type Scratch struct{ bytes []byte }

// keptScratch bounds the memory that is kept for the next message.
const keptScratch = 64 << 10

var scratchPool = sync.Pool{New: func() any { return new(Scratch) }}

// GetScratch returns a Scratch from a pool.
func GetScratch() *Scratch { return scratchPool.Get().(*Scratch) }

// Bytes returns an empty array to append a message to.
func (s *Scratch) Bytes() []byte { return s.bytes }

// Keep keeps the array that the message has grown to.
func (s *Scratch) Keep(used []byte) {
	if cap(used) <= keptScratch {
		s.bytes = used[:0]
	}
}

// Put returns the Scratch to the pool.
func (s *Scratch) Put() { scratchPool.Put(s) }
