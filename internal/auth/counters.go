package auth

import "sync/atomic"

// Method is how an identity was proved, as metrics show it.
type Method string

// The methods that are counted.
const (
	MethodTicket     Method = "ticket"
	MethodKey        Method = "key"
	MethodPassword   Method = "password" // a password that came by the method "ticket"
	MethodCRA        Method = "wampcra"
	MethodSCRAM      Method = "wamp-scram"
	MethodCryptosign Method = "cryptosign"
	MethodTLS        Method = "tls"
	MethodCookie     Method = "cookie"
	MethodAnonymous  Method = "anonymous"
	MethodNone       Method = "none" // the client offered none that the server takes
)

// Result is what came of one attempt to authenticate.
type Result string

// The results that are counted.
const (
	Accepted    Result = "accepted"
	Malformed   Result = "malformed"    // not a ticket at all
	Forged      Result = "forged"       // not signed with one of our secrets
	Expired     Result = "expired"      // signed by us, too old
	Early       Result = "early"        // signed by us, not valid yet
	WrongTarget Result = "wrong_target" // signed by us, for another audience
	BadClaims   Result = "bad_claims"   // signed by us, but it says too little or too much
	Used        Result = "used"         // signed by us, and used before
	Mismatch    Result = "mismatch"     // proves somebody else than the client said
	Unknown     Result = "unknown"      // an API key or a user that nobody has declared, or a method that is not offered
	WrongProof  Result = "wrong_proof"  // a known user, and not the password or key of that user
	Unbound     Result = "unbound"      // the channel binding that was asked for is not possible
	Unavailable Result = "unavailable"  // who must be asked did not answer
)

var (
	allMethods = []Method{
		MethodTicket, MethodKey, MethodPassword, MethodCRA, MethodSCRAM, MethodCryptosign, MethodTLS,
		MethodCookie, MethodAnonymous, MethodNone,
	}
	allResults = []Result{
		Accepted, Malformed, Forged, Expired, Early, WrongTarget, BadClaims, Used, Mismatch, Unknown,
		WrongProof, Unbound, Unavailable,
	}
)

// Count is how often attempts by a method had a result, since the start.
type Count struct {
	Method Method
	Result Result
	N      uint64
}

// counters only grow. The map is filled once and read-only from then on.
type counters map[tally]*atomic.Uint64

type tally struct {
	method Method
	result Result
}

func newCounters() counters {
	c := make(counters, len(allMethods)*len(allResults))
	for _, method := range allMethods {
		for _, result := range allResults {
			c[tally{method, result}] = new(atomic.Uint64)
		}
	}
	return c
}

func (c counters) count(method Method, result Result) { c[tally{method, result}].Add(1) }

// counts lists what has been counted, in a fixed order and without zeros.
func (c counters) counts() []Count {
	var all []Count
	for _, method := range allMethods {
		for _, result := range allResults {
			if n := c[tally{method, result}].Load(); n > 0 {
				all = append(all, Count{Method: method, Result: result, N: n})
			}
		}
	}
	return all
}
