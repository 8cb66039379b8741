package handler

// Outcome is what became of a question.
type Outcome uint8

// The outcomes.
const (
	Allowed  Outcome = iota
	Replaced         // allowed, with another payload
	Denied           // refused by the one who was asked
	TimedOut         // no answer in time
	Failed           // no usable answer
	Busy             // not asked: too many questions were open
	Canceled         // whoever wanted to know has gone
)

var outcomeNames = [...]string{
	Allowed: "allowed", Replaced: "replaced", Denied: "denied",
	TimedOut: "timeout", Failed: "failed", Busy: "busy", Canceled: "canceled",
}

func (o Outcome) String() string { return outcomeNames[o] }

// Counts tells how many questions had each outcome.
func (h *Handler) Counts() map[Outcome]uint64 {
	counts := make(map[Outcome]uint64, len(outcomeNames))
	for o := range outcomeNames {
		counts[Outcome(o)] = h.counts[o].Load()
	}
	return counts
}
