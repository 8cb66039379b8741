package router

import "github.com/tidings-io/tidings/internal/wamp"

// features is what a client announced in HELLO that changes how it is spoken to (WAMP, "Feature
// Announcement"). What a client did not announce it may still ask for, but is never sent unasked.
type features uint16

const (
	callerStreams features = 1 << iota // sends progressive invocations
	callerPasses                       // reads and writes payloads that are not the router's to read
	calleeCancels                      // knows INTERRUPT
	calleeProgresses
	calleeStreams
	calleeTimesOut
	calleeReroutes
	calleeIsRevoked // knows UNREGISTERED that nobody asked for
	calleePasses
	publisherPasses
	subscriberIsRevoked // knows UNSUBSCRIBED that it did not ask for
)

// announcements are the keys below roles.<role>.features. The specification spells canceling in two
// ways, and autobahn has its own name for payload passthru.
var announcements = [...]struct {
	role, key string
	means     features
}{
	{"caller", "progressive_call_invocations", callerStreams},
	{"caller", "payload_passthru_mode", callerPasses},
	{"caller", "payload_transparency", callerPasses},
	{"callee", "call_canceling", calleeCancels},
	{"callee", "call_cancelling", calleeCancels}, //nolint:misspell // the specification has it both ways
	{"callee", "progressive_call_results", calleeProgresses},
	{"callee", "progressive_call_invocations", calleeStreams},
	{"callee", "call_timeout", calleeTimesOut},
	{"callee", "call_reroute", calleeReroutes},
	{"callee", "registration_revocation", calleeIsRevoked},
	{"callee", "payload_passthru_mode", calleePasses},
	{"callee", "payload_transparency", calleePasses},
	{"publisher", "payload_passthru_mode", publisherPasses},
	{"publisher", "payload_transparency", publisherPasses},
	{"subscriber", "subscription_revocation", subscriberIsRevoked},
}

func featuresOf(hello wamp.Dict) features {
	var all features
	roles, _ := hello.Dict("roles")
	for _, a := range announcements {
		role, _ := roles.Dict(a.role)
		named, _ := role.Dict("features")
		if on, _ := named.Bool(a.key); on {
			all |= a.means
		}
	}
	return all
}

func (f features) has(wanted features) bool { return f&wanted == wanted }
