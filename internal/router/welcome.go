package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// keyEndsIn is the detail of WELCOME with the seconds until the session ends, if it has an end. It is no time, because
// the clocks of devices are wrong.
const keyEndsIn = "_session_ends_in"

// join opens the session and queues WELCOME.
func (r *Realm) join(c *Client, h *handshake, result peer.AuthResult) error {
	if result.Identity.Expired(time.Now()) {
		return wamp.Fail(wamp.ErrAuthenticationDenied, textExpired)
	}
	if c.peer.Admit != nil {
		if err := c.peer.Admit(result.Identity); err != nil {
			return err
		}
	}
	c.peer.TLSState = nil // only a handshake needs it, and it is large
	s := &Session{id: h.session, tab: h.tab, joined: time.Now(), realm: r, client: c, features: h.features}
	s.identity.Store(result.Identity)
	welcome := result.Identity.Details(result.Extra)
	welcome["roles"] = r.roles.Said()
	welcome["agent"] = r.router.options.Agent
	welcome["realm"] = string(r.name)
	if left, ends := result.Identity.Left(s.joined); ends {
		welcome[keyEndsIn] = int64(left.Round(time.Second) / time.Second)
	}
	if err := r.admit(s, &wamp.Welcome{Session: s.id, Details: welcome}); err != nil {
		return err
	}
	r.router.clientJoined(c)
	if now := r.router.settings.Load(); now != h.settings { // changed since, and perhaps before the session was there
		s.renewBy(context.Background(), now.Authenticator, h.settings.Authenticator)
	}
	s.drainObserverCalls()
	return nil
}

// admit adds the session to the realm and queues WELCOME in the same step, so that no other message comes before
// WELCOME.
func (r *Realm) admit(s *Session, welcome *wamp.Welcome) error {
	c := s.client
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.draining && !s.endsUnheard() {
		return wamp.Fail(wamp.CloseSystemShutdown, "the server is shutting down")
	}
	if _, taken := r.sessions[s.id]; taken {
		return wamp.Fail(wamp.ErrAuthenticationFailed, "the session id was taken meanwhile: try again")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sender.Ended() { // the transport was lost during authentication
		return nil
	}
	c.session.Store(s)
	c.sender.Send(welcome)
	if !s.Identity().Expires.IsZero() {
		s.watchExpiryLocked()
	}
	r.sessions[s.id] = s
	s.queueLocked(observerCall{kind: ChangeJoined})
	r.changes.ofSession(ChangeJoined, s)
	return nil
}
