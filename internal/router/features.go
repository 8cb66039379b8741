package router

import "github.com/tidings-io/tidings/internal/wamp"

// features are the announcements of a client's HELLO that change what the router sends to it (WAMP, "Feature
// Announcement"). A client may ask for a feature that it did not announce, but is never sent it unasked.
type features uint16

const (
	callerSendsProgress features = 1 << iota // sends progressive invocations
	callerPassthru                           // reads and writes payloads that the router cannot read
	calleeInterrupt                          // accepts INTERRUPT
	calleeSendsProgress
	calleeTakesProgress
	calleeTimeout
	calleeReroute
	calleeRevocation // accepts UNREGISTERED without a request
	calleePassthru
	publisherPassthru
	subscriberRevocation // accepts UNSUBSCRIBED without a request
)

// announcements are the keys below roles.<role>.features. The specification spells canceling in two ways, and
// autobahn has a name of its own for payload passthru.
var announcements = [...]struct {
	role, key string
	means     features
}{
	{"caller", "progressive_call_invocations", callerSendsProgress},
	{"caller", "payload_passthru_mode", callerPassthru},
	{"caller", "payload_transparency", callerPassthru},
	{"callee", "call_canceling", calleeInterrupt},
	{"callee", "call_cancelling", calleeInterrupt}, //nolint:misspell // the specification has it both ways
	{"callee", "progressive_call_results", calleeSendsProgress},
	{"callee", "progressive_call_invocations", calleeTakesProgress},
	{"callee", "call_timeout", calleeTimeout},
	{"callee", "call_reroute", calleeReroute},
	{"callee", "registration_revocation", calleeRevocation},
	{"callee", "payload_passthru_mode", calleePassthru},
	{"callee", "payload_transparency", calleePassthru},
	{"publisher", "payload_passthru_mode", publisherPassthru},
	{"publisher", "payload_transparency", publisherPassthru},
	{"subscriber", "subscription_revocation", subscriberRevocation},
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

// clientRoles are the roles that a client may play (WAMP, "Client and Router Roles").
var clientRoles = []string{"publisher", "subscriber", "caller", "callee"}

// routerRoles returns the roles and features that the router announces in WELCOME, without those of components.
func routerRoles(options *Options) wamp.Dict {
	broker := wamp.Dict{
		"publisher_exclusion":           true,
		"subscriber_blackwhite_listing": true,
		"pattern_based_subscription":    true,
		"subscription_revocation":       true,
		"payload_passthru_mode":         true,
	}
	dealer := wamp.Dict{
		"pattern_based_registration":   true,
		"shared_registration":          true,
		"registration_revocation":      true,
		"call_canceling":               true,
		"call_timeout":                 true,
		"progressive_call_results":     true,
		"progressive_call_invocations": true,
		"call_reroute":                 true,
		"payload_passthru_mode":        true,
	}
	if len(options.TrustLevels) > 0 {
		dealer["call_trustlevels"] = true
		broker["publication_trustlevels"] = true
	}
	if options.Journal != nil {
		broker["event_retention"] = true
	}
	if options.Disclosure != DiscloseNever {
		broker["publisher_identification"] = true
		dealer["caller_identification"] = true
	}
	return wamp.Dict{"broker": wamp.Dict{"features": broker}, "dealer": wamp.Dict{"features": dealer}}
}

func announcesRole(details wamp.Dict) bool {
	roles, _ := details.Dict("roles")
	for _, role := range clientRoles {
		if _, ok := roles[role]; ok {
			return true
		}
	}
	return false
}

// checkPassthru refuses a payload that the router cannot read from a client that did not announce such payloads
// for the role (WAMP, "Payload Passthru Mode").
func (s *Session) checkPassthru(options wamp.Dict, announced features) error {
	if options.Passthru() == nil || s.features.has(announced) {
		return nil
	}
	return wamp.Violation("ppt_scheme, enc_algo: this client did not announce payload_passthru_mode for the role")
}

// checkReadable returns the error for a caller that did not announce that it can read such a payload, or nil.
func (s *Session) checkReadable(passthru wamp.Dict) *CallError {
	if passthru == nil || s.features.has(callerPassthru) {
		return nil
	}
	return callError(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that this caller did not announce: payload_passthru_mode")
}
