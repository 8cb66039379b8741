package outbox

import "time"

// pending is an event that waits alone, so that a newer one of its stream can take its place.
//
//	        put                     its turn             interval is over
//	queued ────▶ (in the list) ────────▶ rests ──────────────────▶ forgotten
//	   ▲                                 │ put
//	   └──────── interval is over ─── held ◀┘
//
// Events of a topic with [SlowGap] do not rest.
type pending struct {
	event    Event
	skipped  uint64 // events that this one follows, and of which it tells
	interval time.Duration
	place    place

	// Of the list.
	prev, next *pending
	ahead      int // items between the pending event before this one and this one
}

// place tells where a pending event is.
type place uint8

const (
	queued place = iota // in the list
	rests               // in no list: it was taken, and there is no newer one
	held                // in no list: it is newer than the one that was taken
)

// due returns the pending event whose turn it is, or nil if it is that of an item.
func (t *thinning) due() *pending {
	if t == nil || t.head == nil || t.head.ahead > 0 {
		return nil
	}
	return t.head
}

// popped counts an item that was taken.
func (t *thinning) popped() {
	if t.head != nil {
		t.head.ahead--
	} else {
		t.after--
	}
}

// append puts p behind all that is queued.
func (t *thinning) append(p *pending) {
	p.place, p.prev, p.next, p.ahead = queued, t.tail, nil, t.after
	t.after = 0
	if t.tail == nil {
		t.head = p
	} else {
		t.tail.next = p
	}
	t.tail = p
}

// unlink takes p out of the list.
func (t *thinning) unlink(p *pending) {
	if p.next == nil {
		t.tail = p.prev
		t.after += p.ahead
	} else {
		p.next.prev = p.prev
		p.next.ahead += p.ahead
	}
	if p.prev == nil {
		t.head = p.next
	} else {
		p.prev.next = p.next
	}
	p.prev, p.next, p.ahead = nil, nil, 0
}
