package peer

import "github.com/tidings-io/tidings/internal/wamp"

// Features are the announcements of a client's HELLO that change what the router sends to it (WAMP, "Feature
// Announcement"). A client may ask for a feature that it did not announce, but is never sent it unasked.
type Features uint16

// The features, by the role for which they are announced.
const (
	CallerSendsProgress Features = 1 << iota // sends progressive invocations
	CallerPassthru                           // reads and writes payloads that the router cannot read
	CalleeInterrupt                          // accepts INTERRUPT
	CalleeSendsProgress
	CalleeTakesProgress
	CalleeTimeout
	CalleeReroute
	CalleeRevocation // accepts UNREGISTERED without a request
	CalleePassthru
	CalleeTakesErrors // accepts ERROR for a YIELD or an ERROR
	PublisherPassthru
	SubscriberRevocation // accepts UNSUBSCRIBED without a request
	Returns              // comes again after a GOODBYE or ABORT that does not forbid it
)

// announcements are the keys below roles.<role>.features. The specification spells canceling in two ways, and
// autobahn has a name of its own for payload passthru.
var announcements = [...]struct {
	role, key string
	means     Features
}{
	{"caller", "progressive_call_invocations", CallerSendsProgress},
	{"caller", "payload_passthru_mode", CallerPassthru},
	{"caller", "payload_transparency", CallerPassthru},
	{"callee", "call_canceling", CalleeInterrupt},
	{"callee", "call_cancelling", CalleeInterrupt}, //nolint:misspell // the specification has it both ways
	{"callee", "progressive_call_results", CalleeSendsProgress},
	{"callee", "progressive_call_invocations", CalleeTakesProgress},
	{"callee", "call_timeout", CalleeTimeout},
	{"callee", "call_reroute", CalleeReroute},
	{"callee", "registration_revocation", CalleeRevocation},
	{"callee", "payload_passthru_mode", CalleePassthru},
	{"callee", "payload_transparency", CalleePassthru},
	{"callee", "_yield_errors", CalleeTakesErrors},
	{"publisher", "payload_passthru_mode", PublisherPassthru},
	{"publisher", "payload_transparency", PublisherPassthru},
	{"subscriber", "subscription_revocation", SubscriberRevocation},
}

// ParseFeatures reads HELLO.Details. _returns is a key of Tidings.
func ParseFeatures(hello wamp.Dict) Features {
	var all Features
	roles, _ := hello.Dict("roles")
	for _, a := range announcements {
		role, _ := roles.Dict(a.role)
		named, _ := role.Dict("features")
		if on, _ := named.Bool(a.key); on {
			all |= a.means
		}
	}
	if on, _ := hello.Bool("_returns"); on {
		all |= Returns
	}
	return all
}

// Has reports whether all wanted features were announced.
func (f Features) Has(wanted Features) bool { return f&wanted == wanted }

// roles lists what a client may be (WAMP, "Client and Router Roles").
var roles = []string{"publisher", "subscriber", "caller", "callee"}

// HasRole reports whether HELLO.Details announce a role that a client may play.
func HasRole(hello wamp.Dict) bool {
	announced, _ := hello.Dict("roles")
	for _, role := range roles {
		if announced[role] != nil {
			return true
		}
	}
	return false
}
