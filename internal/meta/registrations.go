package meta

import (
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// registrationProcedures are those of the registration meta API (WAMP, "Registration Meta API"). Local procedures are
// not shown.
var registrationProcedures = map[wamp.URI]procedure{
	"wamp.registration.list":          {run: listRegistrations},
	"wamp.registration.lookup":        {params: []string{"procedure", "options"}, run: lookupRegistration},
	"wamp.registration.match":         {params: []string{"procedure"}, run: matchRegistration},
	"wamp.registration.get":           {params: []string{"registration"}, run: getRegistration},
	"wamp.registration.list_callees":  {params: []string{"registration"}, run: listCallees},
	"wamp.registration.count_callees": {params: []string{"registration"}, run: countCallees},
	"wamp.registration.remove_callee": {params: []string{"registration", "callee"}, run: removeCallee},
}

// removal is a session that loses a subscription or registration, and why.
type removal struct {
	session *router.Session
	reason  wamp.URI // "": none was given
}

func listRegistrations(c *call) (wamp.Payload, error) {
	ids := newIDsByMatch()
	all := c.realm.Registrations()
	c.charge(len(all))
	for _, info := range all {
		if isShown(&info) {
			ids[info.Match] = append(ids[info.Match], info.ID)
		}
	}
	return ids.result()
}

func lookupRegistration(c *call) (wamp.Payload, error) {
	procedure, err := c.text("procedure", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	match, err := c.match()
	if err != nil {
		return wamp.Payload{}, err
	}
	info, _ := c.realm.Registration(wamp.URI(procedure), match)
	return idOrNull(&info)
}

func matchRegistration(c *call) (wamp.Payload, error) {
	procedure, err := c.text("procedure", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	info, _ := c.realm.RegistrationFor(wamp.URI(procedure))
	return idOrNull(&info)
}

func getRegistration(c *call) (wamp.Payload, error) {
	info, err := c.shownRegistration()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(registrationDetails(&info))
}

func listCallees(c *call) (wamp.Payload, error) {
	info, err := c.shownRegistration()
	if err != nil {
		return wamp.Payload{}, err
	}
	c.charge(len(info.Callees))
	return result(idsOf(info.Callees))
}

func countCallees(c *call) (wamp.Payload, error) {
	info, err := c.shownRegistration()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(len(info.Callees))
}

// removeCallee is not in the specification's text, but in its interface catalog, and in Crossbar.io.
func removeCallee(c *call) (wamp.Payload, error) {
	info, err := c.shownRegistration()
	if err != nil {
		return wamp.Payload{}, err
	}
	removed, err := c.removal("callee")
	if err != nil {
		return wamp.Payload{}, err
	}
	if !c.realm.Revoke(removed.session, info.ID, removed.reason) {
		return wamp.Payload{}, wamp.Fail(wamp.ErrNoSuchRegistration,
			"the session %d does not hold the registration %d", removed.session.ID(), info.ID)
	}
	return wamp.Payload{}, nil
}

// shownRegistration returns the registration whose id is the argument.
func (c *call) shownRegistration() (router.RegistrationInfo, error) {
	id, err := c.id("registration")
	if err != nil {
		return router.RegistrationInfo{}, err
	}
	if info, ok := c.realm.RegistrationByID(id); ok && isShown(&info) {
		return info, nil
	}
	return router.RegistrationInfo{}, wamp.Fail(wamp.ErrNoSuchRegistration, "there is no registration %d", id)
}

func (c *call) removal(param string) (removal, error) {
	s, err := c.session(param)
	if err != nil {
		return removal{}, err
	}
	reason, err := c.reason("")
	return removal{session: s, reason: reason}, err
}

func isShown(info *router.RegistrationInfo) bool { return len(info.Callees) > 0 }

func idOrNull(info *router.RegistrationInfo) (wamp.Payload, error) {
	if !isShown(info) {
		return result(nil)
	}
	return result(info.ID)
}

func registrationDetails(info *router.RegistrationInfo) wamp.Dict {
	return wamp.Dict{
		"id":      info.ID,
		"created": timestamp(info.Created),
		"uri":     string(info.Procedure),
		"match":   info.Match.String(),
		"invoke":  info.Policy.String(),
	}
}
