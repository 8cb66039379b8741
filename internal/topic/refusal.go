package topic

import "github.com/tidings-io/tidings/internal/wamp"

// Reason is why the table refused.
type Reason uint8

// The reasons.
const (
	Undeclared     Reason = iota // no contract speaks for the URI
	RuleSaysNo                   // the identity may not
	PatternTooWide               // a prefix or wildcard reaches what the identity may not
	BadPayload                   // the schema says no
	Broken                       // the rule itself failed
)

var reasonNames = [...]string{
	Undeclared: "undeclared", RuleSaysNo: "rule", PatternTooWide: "pattern",
	BadPayload: "payload", Broken: "broken_rule",
}

// Reasons lists all reasons, for metrics.
func Reasons() []Reason { return []Reason{Undeclared, RuleSaysNo, PatternTooWide, BadPayload, Broken} }

func (r Reason) String() string { return reasonNames[r] }

// Refused tells how often the table refused for a reason.
func (t *Table) Refused(r Reason) uint64 { return t.refused[r].Load() }

// refuse counts and phrases a refusal.
func (t *Table) refuse(r Reason, format string, args ...any) error {
	t.refused[r].Add(1)
	uri := wamp.ErrNotAuthorized
	if r == Broken {
		uri = wamp.ErrAuthorizationFailed // nobody decided (WAMP, "Authorization")
	}
	return wamp.Fail(uri, format, args...)
}
