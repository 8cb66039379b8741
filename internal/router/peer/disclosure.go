package peer

import "github.com/tidings-io/tidings/internal/wamp"

// Disclosure tells when events and invocations name the session that published or called.
type Disclosure uint8

// Router-wide policies. For one publication, DiscloseAlways names its publisher and the other two do not.
const (
	DiscloseOnRequest Disclosure = iota // sessions that ask for it are named
	DiscloseNever                       // asking is refused
	DiscloseAlways                      // all sessions are named
)

// Decide returns whether receivers are told which session published or called, by the options of its message.
func (d Disclosure) Decide(options wamp.Dict) (Disclosure, error) {
	asked, _ := options.Bool("disclose_me")
	if asked && d == DiscloseNever {
		return DiscloseNever, wamp.Fail(wamp.ErrOptionDisallowed, "disclose_me is not allowed here")
	}
	if asked {
		return DiscloseAlways, nil
	}
	return d.Default(), nil
}

// Default returns the disclosure of a message that does not ask for any.
func (d Disclosure) Default() Disclosure {
	if d == DiscloseAlways {
		return DiscloseAlways
	}
	return DiscloseNever
}

// Disclose adds the session and the identity to the Details of an event or invocation. role is publisher or caller.
func (i *Identity) Disclose(details wamp.Dict, role string, session wamp.ID) {
	details[role] = int64(session)
	details[role+"_authid"] = i.ID
	details[role+"_authrole"] = i.Role()
}

// TrustLevel adds the trust level of the identity to the Details of an event or invocation: the highest of its roles.
// It adds nothing if no levels are configured (WAMP, "Call Trust Levels").
func (i *Identity) TrustLevel(details wamp.Dict, levels map[string]int) {
	if len(levels) == 0 {
		return
	}
	level := 0
	for _, role := range i.Roles {
		level = max(level, levels[role])
	}
	details["trustlevel"] = int64(level)
}
