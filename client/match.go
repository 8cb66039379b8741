package client

import "fmt"

// Match selects how a subscription or a registration matches URIs (WAMP, "Pattern-based Subscriptions").
type Match string

// The match policies. The zero value of a field of type Match means MatchExact.
const (
	MatchExact    Match = "exact"
	MatchPrefix   Match = "prefix"   // the URI begins with the pattern
	MatchWildcard Match = "wildcard" // an empty component of the pattern matches any component
)

func (m Match) check() error {
	switch m {
	case MatchExact, MatchPrefix, MatchWildcard:
		return nil
	}
	return fmt.Errorf("Match is %q: want exact, prefix or wildcard", string(m))
}

// InvokePolicy selects the client that answers a call of a procedure that several clients have registered (WAMP,
// "Shared Registration").
type InvokePolicy string

// The invocation policies. The zero value of a field of type InvokePolicy means InvokeSingle.
const (
	InvokeSingle     InvokePolicy = "single" // only one client may register the procedure
	InvokeFirst      InvokePolicy = "first"
	InvokeLast       InvokePolicy = "last"
	InvokeRoundRobin InvokePolicy = "roundrobin"
	InvokeRandom     InvokePolicy = "random"
)
