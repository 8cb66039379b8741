package publication

// Retention tells what of a topic's publications is kept for later subscribers.
type Retention struct {
	Retain   RetainPolicy
	History  int    // the last so many, for wamp.subscription.get_events; 0: none
	Contract string // whose share of the journal's room the topic takes
}

// RetainPolicy tells which publications are retained (WAMP, "Event Retention"). The last one of a topic is sent to a
// subscriber that asks for it.
type RetainPolicy uint8

// The policies for one topic.
const (
	RetainNever     RetainPolicy = iota
	RetainOnRequest              // those whose publisher asked for it
	RetainAlways
)

// Placement tells where to keep a publication, if anywhere. requested tells that its publisher asked to retain it.
func (r Retention) Placement(filter *Filter, requested bool) Placement {
	where := Placement{
		Retain:   r.Retain == RetainAlways || requested && r.Retain == RetainOnRequest,
		History:  r.History,
		Contract: r.Contract,
	}
	if filter.ForSingleSessions() { // WAMP, "Event History"
		where.History = 0
	}
	return where
}
