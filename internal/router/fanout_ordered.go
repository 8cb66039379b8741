package router

import "github.com/tidings-io/tidings/internal/router/encode"

// toMember delivers a run of kept publications to a member, as far as they are behind its place. Caller must hold
// sub.mu for reading, and be the one fan-out of kept publications that runs.
func (d *fanout) toMember(sub *subscription, m *member) {
	if !d.ordered {
		d.toClient(sub, m)
		return
	}
	first := d.events.FirstAfter(m.place)
	if first == len(d.all) || !d.admits(m.client) {
		return
	}
	at := encode.Unplaced
	if m.place.Positions() {
		at = m.place
	}
	d.put(sub, m, at, first)
	if last := d.entries[len(d.all)-1].Seq; last != 0 && at != encode.Unplaced {
		m.place = m.place.At(last)
	}
}
