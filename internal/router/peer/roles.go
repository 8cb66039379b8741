package peer

import "github.com/tidings-io/tidings/internal/wamp"

// Offer tells which features the router has that not every router has.
type Offer struct {
	TrustLevels bool // calls and events carry trust levels
	Retention   bool // publications are kept
	Disclosure  bool // sessions may be named to receivers
}

// Roles returns the roles and features that the router announces in WELCOME, without those of components.
func (o Offer) Roles() wamp.Dict {
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
	if o.TrustLevels {
		dealer["call_trustlevels"] = true
		broker["publication_trustlevels"] = true
	}
	if o.Retention {
		broker["event_retention"] = true
	}
	if o.Disclosure {
		broker["publisher_identification"] = true
		dealer["caller_identification"] = true
	}
	return wamp.Dict{"broker": wamp.Dict{"features": broker}, "dealer": wamp.Dict{"features": dealer}}
}
