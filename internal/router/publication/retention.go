package publication

// Retention tells what of a topic's publications is kept for later subscribers.
type Retention struct {
	Keep     Keep
	Asked    bool   // without a Keep: keeps the last publication that asked to be retained (WAMP, "Event Retention")
	Contract string // whose share of the journal's room the topic takes
}

// Sequenced reports whether all publications of the topic are kept for a time, so that a position has a meaning.
func (r Retention) Sequenced() bool { return r.Keep.Last > 0 }

// Placement tells where to keep a publication, if anywhere. requested tells that its publisher asked to retain it.
func (r Retention) Placement(requested bool) Placement {
	where := Placement{Keep: r.Keep, Contract: r.Contract}
	if !r.Sequenced() && r.Asked && requested {
		where.Keep = Keep{Last: 1, RetainOnly: true}
	}
	return where
}
