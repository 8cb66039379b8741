package router

import "sync"

// scratch holds a message between its encoding and its framing.
type scratch struct{ bytes []byte }

// keptScratch bounds the memory that is kept for the next message.
const keptScratch = 64 << 10

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

func getScratch() *scratch { return scratchPool.Get().(*scratch) }

// keep keeps the array that the message has grown to.
func (s *scratch) keep(used []byte) {
	if cap(used) <= keptScratch {
		s.bytes = used[:0]
	}
}

func (s *scratch) put() { scratchPool.Put(s) }
