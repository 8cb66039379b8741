package router

import "github.com/tidings-io/tidings/internal/wamp"

// toMember delivers a run of kept publications to a member, as far as they are behind its place. Caller must hold
// sub.mu for reading, and be the one fan-out of kept publications that runs.
func (d *fanout) toMember(sub *subscription, m *member) {
	if !d.ordered {
		d.toClient(sub, m)
		return
	}
	first := d.firstAfter(m.place)
	if first == len(d.all) || !d.admits(m.client) {
		return
	}
	at := unplaced
	if m.place.positions() {
		at = m.place
	}
	d.put(sub, m, at, first)
	if last := d.entries[len(d.all)-1].Seq; last != 0 && at != unplaced {
		m.place = m.place.at(last)
	}
}

// firstAfter returns the first publication of the run that a member at a place gets from the fan-out.
func (d *fanout) firstAfter(at place) int {
	for i := range d.all {
		switch seq := d.entries[i].Seq; {
		case seq == 0: // not kept
			return i
		case at&catchingUp != 0:
			return len(d.all)
		case seq > at.seq():
			return i
		}
	}
	return len(d.all)
}

// placedEvent returns the event of one publication of a batch, without its payload.
func (d *fanout) placedEvent(sub *subscription, of *eventBatch, i int) wamp.Event {
	event := d.event(sub, i)
	if !of.place.positions() || d.entries[i].Seq == 0 {
		return event
	}
	if d.epoch == "" {
		d.epoch = d.realm.journal.Position().Epoch
	}
	before := of.place.seq()
	for n := i - 1; n >= of.first; n-- {
		if seq := d.entries[n].Seq; seq != 0 {
			before = seq
			break
		}
	}
	d.entries[i].AddPosition(event.Details, d.epoch, before)
	return event
}
