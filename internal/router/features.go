package router

import "github.com/tidings-io/tidings/internal/wamp"

// features is what a client announced in HELLO that changes how it is spoken to (WAMP, "Feature
// Announcement"). What a client did not announce it may still ask for, but is never sent unasked.
type features uint16

const (
	callerSendsProgress features = 1 << iota // sends progressive invocations
	callerPassthru                           // reads and writes payloads that are not the router's to read
	calleeInterrupt                          // knows INTERRUPT
	calleeSendsProgress
	calleeTakesProgress
	calleeTimeout
	calleeReroute
	calleeRevocation // knows UNREGISTERED that nobody asked for
	calleePassthru
	publisherPassthru
	subscriberRevocation // knows UNSUBSCRIBED that it did not ask for
)

// announcements are the keys below roles.<role>.features. The specification spells canceling in two
// ways, and autobahn has its own name for payload passthru.
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

// routerRoles announces what works, and nothing else.
func routerRoles(options *Options) wamp.Dict {
	broker := wamp.Dict{
		"publisher_exclusion":           true,
		"subscriber_blackwhite_listing": true,
		"pattern_based_subscription":    true,
		"event_retention":               true,
		"session_meta_api":              true,
		"subscription_meta_api":         true,
		"subscription_revocation":       true,
		"payload_passthru_mode":         true,
	}
	dealer := wamp.Dict{
		"session_meta_api":             true,
		"testament_meta_api":           true,
		"registration_meta_api":        true,
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
	if options.Retention != nil {
		broker["event_history"] = true
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

// checkPassthru refuses payload that only clients can read from a client that did not announce that it
// deals in it (WAMP, "Payload Passthru Mode").
func (s *Session) checkPassthru(options wamp.Dict, announced features) error {
	if options.Passthru() == nil || s.features.has(announced) {
		return nil
	}
	return wamp.Violation("ppt_scheme, enc_algo: this client did not announce payload_passthru_mode for the role")
}

// checkReadable is the answer to a caller that could not read the one that came.
func (s *Session) checkReadable(passthru wamp.Dict) *CallError {
	if passthru == nil || s.features.has(callerPassthru) {
		return nil
	}
	return callError(wamp.ErrFeatureNotSupported, "the answer is encoded in a way that this caller did not announce: payload_passthru_mode")
}

// trust is the level that a session's calls and publications are marked with, if levels are given at
// all: the highest of its roles' (WAMP, "Call Trust Levels").
func (s *Session) trust() (level int, given bool) {
	levels := s.realm.router.options.TrustLevels
	for _, role := range s.identity.Roles {
		level = max(level, levels[role])
	}
	return level, len(levels) > 0
}

// Strictness is how closely clients are held to the text of the specification.
type Strictness uint8

const (
	// Lenient takes what clients in use do: request ids that are not in sequence, progressive results
	// by callees that cannot be interrupted, rerouting by callees that did not announce it.
	Lenient Strictness = iota
	// Strict takes what the text allows.
	Strict
)

func (r *Realm) strict() bool { return r.router.options.Strictness == Strict }

func (s *Session) strict() bool { return s.realm.strict() }

// sequential checks, where that is asked for, that a request's id is the next one of the one counter
// that all requests share (WAMP, "Identifiers"). A CALL may go on with an earlier one.
func (s *Session) sequential(message wamp.Message) error {
	if !s.strict() {
		return nil
	}
	id := requestID(message)
	if id == 0 {
		return nil
	}
	next := s.lastRequest%wamp.MaxID + 1
	if id == next {
		s.lastRequest = next
		return nil
	}
	if message.Code() == wamp.CodeCall && id < next {
		return nil
	}
	return wamp.Violation("%s has the request id %d, the next is %d", message.Code(), id, next)
}
