package audit

// missing counts what a subscription should have received and did not. With other faults, what _prev says is no alarm.
func (j *judge) missing(v *View, came []bool, once []int, otherFaults bool) {
	if len(v.sessions) == 0 {
		return
	}
	begin := v.sessions[0].tick
	breaks := v.breaks(once)
	for _, p := range j.publications {
		if p.outcome != Acknowledged || p.sent < begin || !v.matches(p.Topic) || !p.isFor(v.Client) {
			continue
		}
		j.Expected++
		if came[p.ID] {
			j.Received++
			continue
		}
		at, known := j.places[int32(p.ID)]
		switch {
		case v.excused(p, at.Position, known):
			j.Expected--
			j.Excused++
		case known && breaks.cover(at.Position):
			j.count(&j.Lost, "%s: publication %d on %s, at %d, never came; the client can notice it", v.Name, p.ID, p.Topic, at.Seq)
			breaks.explain(at.Position)
		default:
			j.Silent++
			j.count(&j.Lost, "%s: publication %d on %s, at %d, never came, silently", v.Name, p.ID, p.Topic, at.Seq)
		}
	}
	for _, b := range breaks {
		if !b.explained && !otherFaults {
			j.count(&j.Alarms, "%s: at %d the previous event is said to be %d, and nothing is missing after %d", v.Name, b.after.Seq, b.prev, b.before)
		}
	}
}

// excused reports whether a gap tells that a publication is missing: it was sent before the gap was told, and was
// between the position of the client and the oldest that there is.
func (v *View) excused(p *Publication, at Position, known bool) bool {
	for i := range v.gaps {
		g := &v.gaps[i]
		if p.sent < g.tick && (!known || (at.Epoch != g.from.Epoch || at.Seq > g.from.Seq) && (at.Epoch != g.to.Epoch || at.Seq < g.to.Seq)) {
			return true
		}
	}
	return false
}

// chainBreak is an event whose _prev is not the position that the client has.
type chainBreak struct {
	before    uint64 // the position that the client has
	after     Position
	prev      uint64
	explained bool
}

type chainBreaks []*chainBreak

// breaks returns where the chain of _prev is broken.
func (v *View) breaks(once []int) chainBreaks {
	var all chainBreaks
	var has Position
	next := 0 // session
	for _, i := range once {
		r := v.receipts[i]
		for ; next < len(v.sessions) && v.sessions[next].first <= i; next++ {
			if s := &v.sessions[next]; s.anew {
				has = s.position
			}
		}
		if r.epoch < 0 {
			continue
		}
		at := Position{v.epochs[r.epoch], r.seq}
		if r.hasPrev && has.Epoch == at.Epoch && r.prev != has.Seq {
			all = append(all, &chainBreak{before: has.Seq, after: at, prev: r.prev})
		}
		has = at
	}
	return all
}

// find returns the break that tells that the event at a position is missing, or nil.
func (b chainBreaks) find(at Position) *chainBreak {
	for _, one := range b {
		if at.Epoch == one.after.Epoch && one.before < at.Seq && at.Seq < one.after.Seq {
			return one
		}
	}
	return nil
}

func (b chainBreaks) cover(at Position) bool { return b.find(at) != nil }

func (b chainBreaks) explain(at Position) { b.find(at).explained = true }
