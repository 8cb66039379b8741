package tidings

import (
	"errors"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/server"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Session is one client that is logged in.
type Session struct {
	ID       uint64
	Identity Identity
	Tab      string // the identity of the page; "" if the client named none
	Address  string // of the remote end, behind trusted proxies
	Agent    string // the User-Agent of the handshake
	Joined   time.Time
	Ends     time.Time // when the session ends, unless it is renewed; zero: never
}

func sessionOf(s *router.Session) Session {
	peer := s.Peer()
	return Session{
		ID: uint64(s.ID()), Identity: identityOf(s.Identity()), Tab: s.Tab(),
		Address: peer.RemoteAddr, Agent: peer.UserAgent, Joined: s.Joined(), Ends: s.Identity().Expires,
	}
}

// Sessions returns the sessions of the realm, in no order.
func (r *Realm) Sessions() []Session {
	sessions := r.server.Sessions()
	all := make([]Session, len(sessions))
	for i, s := range sessions {
		all[i] = sessionOf(s)
	}
	return all
}

// Session returns a session by its id, or false if there is none, or none any more.
func (r *Realm) Session(id uint64) (Session, bool) {
	found, ok := r.server.Session(wamp.ID(id))
	if !ok {
		return Session{}, false
	}
	return sessionOf(found), true
}

// Kick ends a session with GOODBYE wamp.close.killed. Its client is told the message, and does not come back by itself
// (the SDK and the Go client wait for the program). A cookie no longer logs the user in. Kick returns false if there is
// no such session.
func (r *Realm) Kick(id uint64, message string) bool {
	found, ok := r.server.Session(wamp.ID(id))
	if ok {
		found.Kill("", message)
	}
	return ok
}

// KickAll ends all selected sessions, and returns their number. At least one field must be set.
func (r *Realm) KickAll(selected Selection, message string) (int, error) {
	all, err := r.server.Selected(server.Selection(selected))
	for _, s := range all {
		s.Kill("", message)
	}
	return len(all), publicError(err)
}

// OnJoin calls handler for every client that logs in from now on, until cancel. It runs in the goroutine that reads
// from the client, so it must not block; a handler that publishes to the client reaches it only after the client has
// subscribed.
func (r *Realm) OnJoin(handler func(Session)) (cancel func(), err error) {
	if handler == nil {
		return nil, errNoHandler
	}
	return r.server.Watch(server.SessionWatch{Joined: func(s *router.Session) { handler(sessionOf(s)) }}), nil
}

// OnLeave calls handler for every session that ends, until cancel, with the reason, such as "goodbye", "lost" or
// "killed". It runs in a goroutine that other clients may wait for, or in that of Kick, so it must not block.
func (r *Realm) OnLeave(handler func(s Session, reason string)) (cancel func(), err error) {
	if handler == nil {
		return nil, errNoHandler
	}
	return r.server.Watch(server.SessionWatch{Left: func(s *router.Session) { handler(sessionOf(s), s.Reason().String()) }}), nil
}

var errNoHandler = errors.New("the handler is nil")
