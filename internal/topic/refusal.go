package topic

import "github.com/tidings-io/tidings/internal/wamp"

// Reason is the cause of a refusal.
type Reason uint8

// The reasons.
const (
	Undeclared     Reason = iota // no contract governs the URI
	RuleSaysNo                   // the rule refuses the identity
	PatternTooWide               // a prefix or wildcard matches URIs that a rule refuses, or may refuse
	BadPayload                   // the payload breaks the schema
	CostlyPayload                // the payload takes too many steps to validate
	Broken                       // the rule failed
	BrokenSchema                 // the validation failed
)

var reasonNames = [...]string{
	Undeclared: "undeclared", RuleSaysNo: "rule", PatternTooWide: "pattern",
	BadPayload: "payload", CostlyPayload: "costly_payload", Broken: "broken_rule", BrokenSchema: "broken_schema",
}

// Reasons returns all reasons, for metrics.
func Reasons() []Reason {
	return []Reason{Undeclared, RuleSaysNo, PatternTooWide, BadPayload, CostlyPayload, Broken, BrokenSchema}
}

func (r Reason) String() string { return reasonNames[r] }

// Refused returns the number of refusals for a reason.
func (t *Table) Refused(r Reason) uint64 { return t.refused[r].Load() }

// refuse counts a refusal and returns it as a [*wamp.Failure].
func (t *Table) refuse(r Reason, format string, args ...any) error {
	t.refused[r].Add(1)
	uri := wamp.ErrNotAuthorized
	if r == Broken {
		uri = wamp.ErrAuthorizationFailed // there is no decision (WAMP, "Authorization")
	}
	return wamp.Fail(uri, format, args...)
}
