package hook

// Outcome is the result of a query.
type Outcome uint8

// The outcomes.
const (
	Allowed  Outcome = iota
	Replaced         // allowed, with another payload
	Denied           // refused by the decider
	TimedOut         // no decision in time
	Failed           // no usable decision
	Busy             // not asked, because too many queries were open
	Canceled         // the client that waited has gone
)

var outcomeNames = [...]string{
	Allowed: "allowed", Replaced: "replaced", Denied: "denied",
	TimedOut: "timeout", Failed: "failed", Busy: "busy", Canceled: "canceled",
}

func (o Outcome) String() string { return outcomeNames[o] }

// Counts returns the number of queries that had each outcome.
func (h *Hook) Counts() map[Outcome]uint64 {
	counts := make(map[Outcome]uint64, len(outcomeNames))
	for o := range outcomeNames {
		counts[Outcome(o)] = h.counts[o].Load()
	}
	return counts
}
