package wamp

import "fmt"

// Match is the policy by which the URI of a subscription or a registration is compared with the URI of a
// publication or a call (WAMP, "Pattern-based Subscriptions").
type Match uint8

const (
	MatchExact Match = iota
	MatchPrefix
	MatchWildcard
)

var matchNames = [...]string{MatchExact: "exact", MatchPrefix: "prefix", MatchWildcard: "wildcard"}

func (m Match) String() string {
	if int(m) < len(matchNames) {
		return matchNames[m]
	}
	return fmt.Sprintf("match %d", uint8(m))
}

// ParseMatch parses the option match. An empty name means exact.
func ParseMatch(name string) (Match, error) {
	for m, n := range matchNames {
		if n == name {
			return Match(m), nil
		}
	}
	if name == "" {
		return MatchExact, nil
	}
	return MatchExact, Violation("match is %.40q, must be exact, prefix or wildcard", name)
}
