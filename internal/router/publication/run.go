package publication

import "github.com/tidings-io/tidings/internal/wamp"

// Run holds adjacent publications of one topic that a journal is to keep together, and what became of them.
type Run struct {
	Entries    []*Entry // of all publications
	Placements []Placement
	Outcomes   []Outcome // of the placements
}

// Place notes where a journal keeps an entry.
func (r *Run) Place(e *Entry, where Placement) {
	where.Entry = e
	r.Placements = append(r.Placements, where)
}

// Take takes the outcomes of the run, and returns those of the runs behind it.
func (r *Run) Take(outcomes []Outcome) (rest []Outcome) {
	n := len(r.Placements)
	r.Outcomes = outcomes[:n]
	return outcomes[n:]
}

// Stored reports whether the run is to be delivered. What may be the same as an earlier publication, or older, is a run
// of its own.
func (r *Run) Stored() bool {
	for _, outcome := range r.Outcomes {
		if outcome.Result != Stored {
			return false
		}
	}
	return true
}

// Repeated returns the earlier publication that the run is the same as.
func (r *Run) Repeated() (earlier wamp.ID, repeated bool) {
	if len(r.Outcomes) != 1 || r.Outcomes[0].Result != Repeated {
		return 0, false
	}
	return r.Outcomes[0].Publication, true
}

// Outdated returns the error of a run that is older than what was published of the same document, or nil.
func (r *Run) Outdated() error {
	if len(r.Outcomes) != 1 || r.Outcomes[0].Result != Outdated {
		return nil
	}
	return wamp.Fail(ErrOutdated, "version %d was published before this version %d: it is not published, and nothing is to be done",
		r.Outcomes[0].Version, r.Entries[0].Version)
}
