package auth

import "sync/atomic"

// Method is the name of a method in metrics.
type Method string

// The methods that are counted.
const (
	MethodTicket     Method = "ticket"
	MethodKey        Method = "key"
	MethodPassword   Method = "password" // a password, sent by the method "ticket"
	MethodCRA        Method = "wampcra"
	MethodSCRAM      Method = "wamp-scram"
	MethodCryptosign Method = "cryptosign"
	MethodTLS        Method = "tls"
	MethodCookie     Method = "cookie"
	MethodAnonymous  Method = "anonymous"
	MethodNone       Method = "none" // the client listed no method that is offered
)

// Result is the result of one login.
type Result string

// The results that are counted.
const (
	Accepted    Result = "accepted"
	Malformed   Result = "malformed"    // no ticket, or no valid message
	Forged      Result = "forged"       // not signed with a secret of this server
	Expired     Result = "expired"      // signed with a secret of this server, but expired
	Early       Result = "early"        // the same, but not valid yet
	WrongTarget Result = "wrong_target" // the same, but for another audience
	BadClaims   Result = "bad_claims"   // the same, but claims are missing or too large
	Used        Result = "used"         // the same, but used before
	Outdated    Result = "outdated"     // the same, but issued before the log of used tickets begins
	Mismatch    Result = "mismatch"     // the proof is of another user than the authid
	Unknown     Result = "unknown"      // an unknown API key or user, or a method that is not offered
	WrongProof  Result = "wrong_proof"  // a known user with a wrong password or key
	Unbound     Result = "unbound"      // the requested channel binding is not possible
	Unavailable Result = "unavailable"  // the user source, the replay guard or a processor was not to be had
	Limited     Result = "limited"      // too many logins have failed, so this one was not checked
)

var (
	allMethods = []Method{
		MethodTicket, MethodKey, MethodPassword, MethodCRA, MethodSCRAM, MethodCryptosign, MethodTLS,
		MethodCookie, MethodAnonymous, MethodNone,
	}
	allResults = []Result{
		Accepted, Malformed, Forged, Expired, Early, WrongTarget, BadClaims, Used, Outdated, Mismatch, Unknown,
		WrongProof, Unbound, Unavailable, Limited,
	}
)

// Count is the number of logins by a method with a result, since the start.
type Count struct {
	Method Method
	Result Result
	N      uint64
}

// counters holds a counter for each method and result. The map is read-only after newCounters.
type counters map[counterKey]*atomic.Uint64

type counterKey struct {
	method Method
	result Result
}

func newCounters() counters {
	c := make(counters, len(allMethods)*len(allResults))
	for _, method := range allMethods {
		for _, result := range allResults {
			c[counterKey{method, result}] = new(atomic.Uint64)
		}
	}
	return c
}

func (c counters) count(method Method, result Result) { c[counterKey{method, result}].Add(1) }

// counts returns the counters that are not zero, in a fixed order.
func (c counters) counts() []Count {
	var all []Count
	for _, method := range allMethods {
		for _, result := range allResults {
			if n := c[counterKey{method, result}].Load(); n > 0 {
				all = append(all, Count{Method: method, Result: result, N: n})
			}
		}
	}
	return all
}
