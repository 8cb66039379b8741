package calls

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Policy selects the callee of a shared registration that is asked (WAMP, "Shared Registration").
type Policy uint8

// The policies.
const (
	InvokeSingle Policy = iota // only one callee may register
	InvokeFirst                // the oldest
	InvokeLast                 // the newest
	InvokeRoundRobin
	InvokeRandom
)

var policyNames = [...]string{"single", "first", "last", "roundrobin", "random"}

// String returns the policy as the option invoke names it.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return "unknown"
}

// ParsePolicy reads REGISTER.Options.
func ParsePolicy(options wamp.Dict) (Policy, error) {
	name, given := options.String("invoke")
	if !given {
		return InvokeSingle, nil
	}
	if i := slices.Index(policyNames[:], name); i >= 0 {
		return Policy(i), nil
	}
	return 0, wamp.Fail(wamp.ErrFeatureNotSupported, "invoke: there is no policy %.40q here", name)
}
