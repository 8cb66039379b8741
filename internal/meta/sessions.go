package meta

import (
	"cmp"
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

// sessionProcedures are those of the session meta API (WAMP, "Session Meta API").
var sessionProcedures = map[wamp.URI]procedure{
	"wamp.session.count":            {params: []string{"filter_authroles"}, run: countSessions},
	"wamp.session.list":             {params: []string{"filter_authroles"}, run: listSessions},
	"wamp.session.get":              {params: []string{"session"}, run: getSession},
	"wamp.session.kill":             {params: []string{"session"}, run: killSession},
	"wamp.session.kill_by_authid":   {params: []string{"authid"}, run: killByAuthID},
	"wamp.session.kill_by_authrole": {params: []string{"authrole"}, run: killByAuthRole},
	"wamp.session.kill_all":         {run: killAll},
}

// maxMessageBytes bounds the message for a killed session: a page shows it.
const maxMessageBytes = 2000

// goodbye holds the reason and message of the GOODBYE for a killed session.
type goodbye struct {
	reason  wamp.URI
	message string
}

func countSessions(c *call) (wamp.Payload, error) {
	found, err := c.sessions()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(len(found))
}

func listSessions(c *call) (wamp.Payload, error) {
	found, err := c.sessions()
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(idsOf(found))
}

func getSession(c *call) (wamp.Payload, error) {
	s, err := c.session("session")
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(sessionDetails(s))
}

func killSession(c *call) (wamp.Payload, error) {
	s, err := c.session("session")
	if err != nil {
		return wamp.Payload{}, err
	}
	if s == c.caller { // a session does not kill itself, it says GOODBYE
		return wamp.Payload{}, noSuchSession(s.ID())
	}
	identity := s.Identity()
	_, err = c.kill([]*router.Session{s}, func(i *peer.Identity) bool {
		return i.ID == identity.ID && i.Tenant == identity.Tenant
	})
	return wamp.Payload{}, err
}

// killByAuthID returns the ids of the killed sessions, unlike the other two (WAMP, "Session Meta API").
func killByAuthID(c *call) (wamp.Payload, error) {
	killed, err := c.killMatching("authid", func(i *peer.Identity, authID string) bool { return i.ID == authID })
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(idsOf(killed))
}

func killByAuthRole(c *call) (wamp.Payload, error) {
	killed, err := c.killMatching("authrole", hasRole)
	if err != nil {
		return wamp.Payload{}, err
	}
	return result(len(killed))
}

// killAll ends all sessions but the caller's, silently: without meta events and testaments.
func killAll(c *call) (wamp.Payload, error) {
	g, err := c.goodbye()
	if err != nil {
		return wamp.Payload{}, err
	}
	c.logOut(g, func(*peer.Identity) bool { return true })
	all := c.realm.Sessions()
	c.charge(len(all))
	for _, s := range all {
		if s != c.caller {
			s.Silence()
		}
	}
	return result(len(c.end(all, g)))
}

// sessions returns the sessions that have one of the roles of filter_authroles, the first that joined first.
func (c *call) sessions() ([]*router.Session, error) {
	roles, err := c.strings("filter_authroles")
	if err != nil {
		return nil, err
	}
	all := sortedSessions(c.realm.Sessions())
	c.charge(len(all))
	if roles == nil {
		return all, nil
	}
	return slices.DeleteFunc(all, func(s *router.Session) bool {
		return !slices.ContainsFunc(roles, func(role string) bool { return hasRole(s.Identity(), role) })
	}), nil
}

// session returns the session whose id is the argument.
func (c *call) session(name string) (*router.Session, error) {
	id, err := c.id(name)
	if err != nil {
		return nil, err
	}
	s, ok := c.realm.Session(id)
	if !ok {
		return nil, noSuchSession(id)
	}
	return s, nil
}

func (c *call) killMatching(name string, matches func(*peer.Identity, string) bool) ([]*router.Session, error) {
	value, err := c.text(name, "")
	if err != nil {
		return nil, err
	}
	isMeant := func(i *peer.Identity) bool { return matches(i, value) }
	all := sortedSessions(c.realm.Sessions())
	c.charge(len(all))
	return c.kill(slices.DeleteFunc(all, func(s *router.Session) bool { return !isMeant(s.Identity()) }), isMeant)
}

// kill ends sessions, and takes the logins back that match if the reason says so.
func (c *call) kill(sessions []*router.Session, matches func(*peer.Identity) bool) ([]*router.Session, error) {
	g, err := c.goodbye()
	if err != nil {
		return nil, err
	}
	c.logOut(g, matches)
	return c.end(sessions, g), nil
}

// logOut takes logins back if the reason is wamp.close.logout. Without it a kill ends the logins of the browsers whose
// sessions it ends; users stay logged in in browsers without an open page.
func (c *call) logOut(g goodbye, matches func(*peer.Identity) bool) {
	if c.logins != nil && g.reason == wamp.CloseLogout {
		c.logins.ForgetLogins(matches)
	}
}

func (c *call) goodbye() (goodbye, error) {
	reason, err := c.reason(wamp.CloseKilled)
	if err != nil {
		return goodbye{}, err
	}
	message, given := c.given.String("message")
	if _, any := c.given["message"]; any && !given {
		return goodbye{}, invalidArgument("message must be a string")
	}
	if err := text.Check("message", message, maxMessageBytes); err != nil {
		return goodbye{}, invalidArgument("%s", err)
	}
	return goodbye{reason: reason, message: message}, nil
}

// end kills the sessions but never the caller's, which waits for the answer. It returns those that it killed.
func (c *call) end(sessions []*router.Session, g goodbye) []*router.Session {
	sessions = slices.DeleteFunc(sessions, func(s *router.Session) bool { return s == c.caller })
	for _, s := range sessions {
		s.Kill(g.reason, g.message)
	}
	return sessions
}

// sessionDetails returns what the session meta API tells of a session. The address and the claims are not for other
// sessions.
func sessionDetails(s *router.Session) wamp.Dict {
	identity := s.Identity()
	return wamp.Dict{
		"session":      s.ID(),
		"authid":       identity.ID,
		"authrole":     identity.Role(),
		"authmethod":   identity.Method,
		"authprovider": identity.Provider,
	}
}

func hasRole(i *peer.Identity, role string) bool { return slices.Contains(i.Roles, role) }

func sortedSessions(all []*router.Session) []*router.Session {
	slices.SortFunc(all, func(a, b *router.Session) int {
		return cmp.Or(a.Joined().Compare(b.Joined()), cmp.Compare(a.ID(), b.ID()))
	})
	return all
}

func idsOf(sessions []*router.Session) []wamp.ID {
	ids := make([]wamp.ID, len(sessions))
	for i, s := range sessions {
		ids[i] = s.ID()
	}
	return ids
}

func noSuchSession(id wamp.ID) error {
	return wamp.Fail(wamp.ErrNoSuchSession, "no session %d is here", id)
}
