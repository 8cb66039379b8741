package router

import "github.com/tidings-io/tidings/internal/wamp"

// toMember delivers a run of kept publications to a member, as far as they are behind its place. Caller must hold
// sub.mu for reading, and be the one fan-out of kept publications that runs.
func (d *fanout) toMember(sub *subscription, m *member) {
	if !d.ordered {
		d.toClient(sub, m.client)
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
	d.put(m.client, d.eventsAfter(sub, m.client.format, at, first))
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

// positioned adds the position to an event that no other has yet.
func (d *fanout) positioned(event wamp.Event, i int, before uint64) wamp.Event {
	if d.epoch == "" {
		d.epoch = d.realm.journal.Position().Epoch
	}
	d.entries[i].AddPosition(event.Details, d.epoch, before)
	return event
}
