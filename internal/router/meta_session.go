package router

import (
	"cmp"
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// sessionProcedures are those of the session meta API (WAMP, "Session Meta API").
var sessionProcedures = map[wamp.URI]metaProcedure{
	"wamp.session.count":            {params: []string{"filter_authroles"}, run: countSessions},
	"wamp.session.list":             {params: []string{"filter_authroles"}, run: listSessions},
	"wamp.session.get":              {params: []string{"session"}, run: getSession},
	"wamp.session.kill":             {params: []string{"session"}, run: killSession},
	"wamp.session.kill_by_authid":   {params: []string{"authid"}, run: killByAuthID},
	"wamp.session.kill_by_authrole": {params: []string{"authrole"}, run: killByAuthRole},
	"wamp.session.kill_all":         {run: killAll},
}

func countSessions(c *metaCall) (wamp.Payload, error) {
	found, err := c.sessions()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(len(found))
}

func listSessions(c *metaCall) (wamp.Payload, error) {
	found, err := c.sessions()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(idsOf(found))
}

// sessions finds who is here and has one of the roles, the longest here first.
func (c *metaCall) sessions() ([]*Session, error) {
	roles, err := c.strings("filter_authroles")
	if err != nil {
		return nil, err
	}
	all := sortedSessions(c.realm.Sessions())
	if roles == nil {
		return all, nil
	}
	return slices.DeleteFunc(all, func(s *Session) bool { return !slices.ContainsFunc(roles, s.hasRole) }), nil
}

func (s *Session) hasRole(role string) bool { return slices.Contains(s.identity.Roles, role) }

func sortedSessions(all []*Session) []*Session {
	slices.SortFunc(all, func(a, b *Session) int {
		return cmp.Or(a.joined.Compare(b.joined), cmp.Compare(a.id, b.id))
	})
	return all
}

func idsOf(sessions []*Session) []wamp.ID {
	ids := make([]wamp.ID, len(sessions))
	for i, s := range sessions {
		ids[i] = s.id
	}
	return ids
}

func getSession(c *metaCall) (wamp.Payload, error) {
	s, err := c.session()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(s.details())
}

func (c *metaCall) session() (*Session, error) {
	id, err := c.id("session")
	if err != nil {
		return nil, err
	}
	s, ok := c.realm.Session(id)
	if !ok {
		return nil, noSuchSession(id)
	}
	return s, nil
}

func noSuchSession(id wamp.ID) error {
	return wamp.Fail(wamp.ErrNoSuchSession, "no session %d is here", id)
}

func killSession(c *metaCall) (wamp.Payload, error) {
	s, err := c.session()
	if err != nil {
		return wamp.Payload{}, err
	}
	if s == c.caller { // nobody kills itself: it says GOODBYE
		return wamp.Payload{}, noSuchSession(s.id)
	}
	_, err = c.kill([]*Session{s})
	return wamp.Payload{}, err
}

// killByAuthID answers with the ids of the victims, unlike the other two (WAMP, "Session Meta API").
func killByAuthID(c *metaCall) (wamp.Payload, error) {
	victims, err := c.victims("authid", func(s *Session, authID string) bool { return s.identity.ID == authID })
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(idsOf(victims))
}

func killByAuthRole(c *metaCall) (wamp.Payload, error) {
	victims, err := c.victims("authrole", (*Session).hasRole)
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(len(victims))
}

func (c *metaCall) victims(name string, meant func(*Session, string) bool) ([]*Session, error) {
	value, err := c.text(name, "")
	if err != nil {
		return nil, err
	}
	all := sortedSessions(c.realm.Sessions())
	return c.kill(slices.DeleteFunc(all, func(s *Session) bool { return !meant(s, value) }))
}

// killAll ends everybody without a word to anybody else: neither meta events nor testaments.
func killAll(c *metaCall) (wamp.Payload, error) {
	reason, err := c.reason()
	if err != nil {
		return wamp.Payload{}, err
	}
	all := c.realm.Sessions()
	for _, s := range all {
		if s != c.caller {
			s.silent.Store(true)
		}
	}
	return result(len(c.end(all, reason)))
}

func (c *metaCall) kill(victims []*Session) ([]*Session, error) {
	reason, err := c.reason()
	if err != nil {
		return nil, err
	}
	return c.end(victims, reason), nil
}

// farewell is what a victim is told.
type farewell struct {
	reason  wamp.URI
	message string
}

func (c *metaCall) reason() (farewell, error) {
	reason, err := c.text("reason", string(wamp.CloseKilled))
	if err != nil {
		return farewell{}, err
	}
	if err := wamp.URI(reason).Check(c.realm.router.options.URIs, wamp.MatchExact); err != nil {
		return farewell{}, err
	}
	message, given := c.given.String("message")
	if _, any := c.given["message"]; any && !given {
		return farewell{}, invalidArgument("message must be a string")
	}
	return farewell{reason: wamp.URI(reason), message: message}, nil
}

// end kills, and never the caller, who waits for the answer.
func (c *metaCall) end(victims []*Session, f farewell) []*Session {
	victims = slices.DeleteFunc(victims, func(s *Session) bool { return s == c.caller })
	for _, s := range victims {
		s.Kill(f.reason, f.message)
	}
	return victims
}
