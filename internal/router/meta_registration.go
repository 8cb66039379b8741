package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// registrationProcedures are those of the registration meta API (WAMP, "Registration Meta API").
// What the server itself answers is not shown.
var registrationProcedures = map[wamp.URI]metaProcedure{
	"wamp.registration.list":          {run: listRegistrations},
	"wamp.registration.lookup":        {params: []string{"procedure", "options"}, run: lookupRegistration},
	"wamp.registration.match":         {params: []string{"procedure"}, run: matchRegistration},
	"wamp.registration.get":           {params: []string{"registration"}, run: getRegistration},
	"wamp.registration.list_callees":  {params: []string{"registration"}, run: listCallees},
	"wamp.registration.count_callees": {params: []string{"registration"}, run: countCallees},
	"wamp.registration.remove_callee": {params: []string{"registration", "callee"}, run: removeCallee},
}

func (i *RegistrationInfo) shown() bool { return len(i.Callees) > 0 }

func listRegistrations(c *metaCall) (wamp.Payload, error) {
	byMatch := map[wamp.Match][]wamp.ID{wamp.MatchExact: {}, wamp.MatchPrefix: {}, wamp.MatchWildcard: {}}
	for _, info := range c.realm.Registrations() {
		if info.shown() {
			byMatch[info.Match] = append(byMatch[info.Match], info.ID)
		}
	}
	return listed(byMatch)
}

// listed is the form in which ids of patterns and of what is none are told.
func listed(byMatch map[wamp.Match][]wamp.ID) (wamp.Payload, error) {
	all := wamp.Dict{}
	for match, ids := range byMatch {
		slices.Sort(ids)
		all[match.String()] = ids
	}
	return result(all)
}

func lookupRegistration(c *metaCall) (wamp.Payload, error) {
	procedure, err := c.text("procedure", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	match, err := c.match()
	if err != nil {
		return wamp.Payload{}, err
	}
	info, _ := c.realm.Registration(wamp.URI(procedure), match)
	return info.idOrNull()
}

func matchRegistration(c *metaCall) (wamp.Payload, error) {
	procedure, err := c.text("procedure", "")
	if err != nil {
		return wamp.Payload{}, err
	}
	info, _ := c.realm.RegistrationFor(wamp.URI(procedure))
	return info.idOrNull()
}

func (i *RegistrationInfo) idOrNull() (wamp.Payload, error) {
	if !i.shown() {
		return result(nil)
	}
	return result(i.ID)
}

func getRegistration(c *metaCall) (wamp.Payload, error) {
	info, err := c.registration()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(info.details())
}

func (c *metaCall) registration() (RegistrationInfo, error) {
	id, err := c.id("registration")
	if err != nil {
		return RegistrationInfo{}, err
	}
	for _, info := range c.realm.Registrations() {
		if info.ID == id && info.shown() {
			return info, nil
		}
	}
	return RegistrationInfo{}, wamp.Fail(wamp.ErrNoSuchRegistration, "there is no registration %d", id)
}

func listCallees(c *metaCall) (wamp.Payload, error) {
	info, err := c.registration()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(idsOf(info.Callees))
}

func countCallees(c *metaCall) (wamp.Payload, error) {
	info, err := c.registration()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(len(info.Callees))
}

// removeCallee is not in the specification's text, but in its interface catalog, and in Crossbar.io.
func removeCallee(c *metaCall) (wamp.Payload, error) {
	info, err := c.registration()
	if err != nil {
		return wamp.Payload{}, err
	}
	removal, err := c.removal("callee")
	if err != nil {
		return wamp.Payload{}, err
	}
	if !c.realm.Revoke(removal.session, info.ID, removal.reason) {
		return wamp.Payload{}, wamp.Fail(wamp.ErrNoSuchRegistration, "the session %d does not hold the registration %d", removal.session.id, info.ID)
	}
	removal.session.drainObserverCalls()
	return wamp.Payload{}, nil
}

// removal is from whom something is taken, and why.
type removal struct {
	session *Session
	reason  wamp.URI // "": none was given
}

func (c *metaCall) removal(param string) (removal, error) {
	id, err := c.id(param)
	if err != nil {
		return removal{}, err
	}
	s, ok := c.realm.Session(id)
	if !ok {
		return removal{}, noSuchSession(id)
	}
	if _, given := c.given["reason"]; !given {
		return removal{session: s}, nil
	}
	reason, err := c.text("reason", "")
	if err != nil {
		return removal{}, err
	}
	return removal{s, wamp.URI(reason)}, wamp.URI(reason).Check(c.realm.router.options.URIs, wamp.MatchExact)
}

func (i *RegistrationInfo) details() wamp.Dict {
	return wamp.Dict{
		"id":      i.ID,
		"created": timestamp(i.Created),
		"uri":     string(i.Procedure),
		"match":   i.Match.String(),
		"invoke":  i.Policy.String(),
	}
}

// registered is called with the lock of the registration held, after REGISTERED was queued.
func (m *meta) registered(s *Session, reg *registration) {
	if !m.heard(s) {
		return
	}
	if len(reg.callees) == 1 {
		info := RegistrationInfo{ID: reg.id, Created: reg.created, Procedure: reg.procedure, Match: reg.match, Policy: reg.policy}
		m.note(s, metaRegistrationCreate, s.id, info.details())
	}
	m.note(s, metaRegister, s.id, reg.id)
}

// unregistered is called with the lock of the registration held, after UNREGISTERED was queued.
func (m *meta) unregistered(s *Session, reg *registration) {
	if !m.heard(s) {
		return
	}
	m.note(s, metaUnregister, s.id, reg.id)
	if len(reg.callees) == 0 {
		m.note(s, metaRegistrationDelete, s.id, reg.id)
	}
}
