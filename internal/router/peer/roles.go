package peer

import (
	"maps"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/wamp"
)

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

// Roles holds what each WELCOME says of the router's roles. Safe for concurrent use.
type Roles struct{ said atomic.Pointer[wamp.Dict] } // replaced, never changed

// Init sets the roles. It must be called once, before any other method.
func (r *Roles) Init(offer Offer) {
	roles := offer.Roles()
	r.said.Store(&roles)
}

// Said returns what WELCOME says. It must not be changed.
func (r *Roles) Said() wamp.Dict { return *r.said.Load() }

// Announce adds features of a role, broker or dealer, to what WELCOME says from now on.
func (r *Roles) Announce(role string, features ...string) {
	r.replace(func(roles wamp.Dict) {
		announced := featuresOf(roles, role)
		for _, feature := range features {
			announced[feature] = true
		}
	})
}

// AnnounceTrustLevels adds trust levels to what WELCOME says from now on, or takes them away.
func (r *Roles) AnnounceTrustLevels(on bool) {
	r.replace(func(roles wamp.Dict) {
		for role, feature := range map[string]string{"dealer": "call_trustlevels", "broker": "publication_trustlevels"} {
			announced := featuresOf(roles, role)
			if delete(announced, feature); on {
				announced[feature] = true
			}
		}
	})
}

// replace makes a change in a copy of the roles.
func (r *Roles) replace(change func(roles wamp.Dict)) {
	for {
		before := r.said.Load()
		roles := maps.Clone(*before)
		change(roles)
		if r.said.CompareAndSwap(before, &roles) {
			return
		}
	}
}

// featuresOf replaces the features of a role by a copy, and returns it.
func featuresOf(roles wamp.Dict, role string) wamp.Dict {
	before, _ := roles.Dict(role)
	announced, _ := before.Dict("features")
	announced = maps.Clone(announced)
	roles[role] = wamp.Dict{"features": announced}
	return announced
}
