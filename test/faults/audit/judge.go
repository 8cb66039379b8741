package audit

import "slices"

// Judge compares. It must be called after all clients have ended.
func (l *Log) Judge() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := judge{publications: l.publications, places: make(map[int32]place, len(l.publications)), refused: make(map[int]bool), damaged: l.damaged}
	for _, p := range l.publications {
		j.Published++
		switch p.outcome {
		case Acknowledged:
			j.Acknowledged++
		case Refused:
			j.Refused++
		case Unanswered:
			j.Unanswered++
		}
	}
	for _, v := range slices.Concat(l.views, l.stored) {
		j.positions(v)
	}
	for _, v := range l.views {
		j.view(v)
	}
	for _, v := range l.stored {
		j.stored(v)
	}
	return j.Report
}

// judge is the comparison as it goes on.
type judge struct {
	Report
	publications []*Publication
	places       map[int32]place // of the publications that came with a position
	refused      map[int]bool    // and came, all the same
	damaged      uint64
}

// place is the position of a stored publication.
type place struct {
	Position
	reported bool
}

// positions collects the positions of what a view received. A publication that has two is stored twice, unless a damage
// has destroyed the first one.
func (j *judge) positions(v *View) {
	for _, r := range v.receipts {
		if r.epoch < 0 || !j.known(r.publication) {
			continue
		}
		at := Position{v.epochs[r.epoch], r.seq}
		known, ok := j.places[r.publication]
		switch {
		case !ok:
			j.places[r.publication] = place{Position: at}
		case known.Position != at && known.Epoch == at.Epoch && !known.reported && j.publications[r.publication].sent > j.damaged:
			known.reported = true
			j.places[r.publication] = known
			j.count(&j.Doubled, "publication %d is stored twice: at %d and %d", r.publication, known.Seq, at.Seq)
		}
	}
}

func (j *judge) known(publication int32) bool {
	return publication >= 0 && int(publication) < len(j.publications)
}

// view judges one subscription.
func (j *judge) view(v *View) {
	came, once := j.receipts(v)
	disordered := j.order(v, once)
	j.missing(v, came, once, disordered || len(once) < len(v.receipts))
	j.Gaps += len(v.gaps)
	for i := range v.sessions {
		s := &v.sessions[i]
		if !s.live && !s.ended {
			j.count(&j.NeverLive, "%s: session %d was never told that it is live", v.Name, i)
		}
	}
}

// stored judges what is kept in the end.
func (j *judge) stored(v *View) {
	came, once := j.receipts(v)
	j.order(v, once)
	for _, p := range j.publications {
		if p.outcome == Acknowledged && p.answered > j.damaged && v.matches(p.Topic) && p.isFor(v.Client) && !came[p.ID] {
			j.count(&j.FalseYes, "publication %d on %s was acknowledged, and is not stored", p.ID, p.Topic)
		}
	}
}

// receipts looks at each event alone. It returns which publications came, and the places of the events that came for
// the first time.
func (j *judge) receipts(v *View) (came []bool, once []int) {
	came, once = make([]bool, len(j.publications)), make([]int, 0, len(v.receipts))
	seen, gaps := make([]bool, len(j.publications)), v.gaps // since the last gap
	for i, r := range v.receipts {
		for ; len(gaps) > 0 && gaps[0].first <= i; gaps = gaps[1:] {
			clear(seen)
		}
		if !j.known(r.publication) || !v.matches(j.publications[r.publication].Topic) || !j.publications[r.publication].isFor(v.Client) {
			j.count(&j.Foreign, "%s: event %d (%d) does not belong to it", v.Name, i, r.publication)
			continue
		}
		if seen[r.publication] {
			j.count(&j.Doubled, "%s: publication %d came twice, at %d the second time", v.Name, r.publication, r.seq)
			continue
		}
		came[r.publication], seen[r.publication] = true, true
		once = append(once, i)
		if p := j.publications[r.publication]; p.outcome == Refused && !j.refused[p.ID] {
			j.refused[p.ID] = true
			j.count(&j.FalseNo, "%s: publication %d on %s was refused, and came", v.Name, p.ID, p.Topic)
		}
	}
	return came, once
}

// order looks for events that come too late, each counted once.
func (j *judge) order(v *View, once []int) (disordered bool) {
	type stream struct {
		publisher int
		topic     string
	}
	var highest receipt              // of the epoch
	var latest uint64                // the tick at which a publication before this one was sent
	newest := make(map[stream]int32) // of each publisher and topic
	gaps := v.gaps
	for _, i := range once {
		for ; len(gaps) > 0 && gaps[0].first <= i; gaps = gaps[1:] {
			highest, latest = receipt{epoch: -1}, 0
			clear(newest)
		}
		r, p := v.receipts[i], j.publications[v.receipts[i].publication]
		of, why := stream{p.Publisher, p.Topic}, ""
		switch newer, any := newest[of]; {
		case r.epoch >= 0 && r.epoch == highest.epoch && r.seq < highest.seq:
			why = "after one with a higher position"
		case any && r.publication < newer && !p.reordered:
			why = "after a later one of the same publisher"
		case p.answered > 0 && p.answered < latest:
			why = "after one that was sent when it was acknowledged already"
		}
		if why != "" {
			disordered = true
			j.count(&j.Disordered, "%s: event %d (publication %d, at %d) comes %s", v.Name, i, p.ID, r.seq, why)
			continue
		}
		highest, latest, newest[of] = r, max(latest, p.sent), r.publication
	}
	return disordered
}
