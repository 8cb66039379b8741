package router

import (
	"errors"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// continueHandshake sends WELCOME or the next CHALLENGE.
func (c *Client) continueHandshake(outcome AuthResult) error {
	switch {
	case outcome.Identity != nil:
		h := c.handshake
		c.handshake = nil
		return h.realm.join(c, h, outcome)
	case outcome.Challenge != nil && c.format.Encoding == wamp.V1JSON:
		return wamp.Fail(wamp.ErrAuthenticationRequired, "version 1 has no word for a challenge: say who you are while connecting")
	case outcome.Challenge != nil && outcome.Next != nil:
		c.handshake.next = outcome.Next
		c.send(outcome.Challenge)
		return nil
	}
	return errors.New("authenticate: neither an identity nor a challenge came out")
}

// join makes the session and queues WELCOME.
func (r *Realm) join(c *Client, h *handshake, outcome AuthResult) error {
	c.peer.Connection = nil // it has served, and is large
	s := &Session{id: h.Session, identity: outcome.Identity, tab: h.tab, joined: time.Now(), realm: r, client: c, features: featuresOf(h.Details)}
	welcome := outcome.Identity.details(outcome.Extra)
	welcome["roles"] = r.router.roles
	welcome["agent"] = r.router.options.Agent
	welcome["realm"] = string(r.name)
	if err := r.admit(s, &wamp.Welcome{Session: s.id, Details: welcome}); err != nil {
		return err
	}
	r.router.clientJoined(c)
	s.drainObserverCalls()
	return nil
}

func (r *Realm) admit(s *Session, welcome *wamp.Welcome) error {
	c := s.client
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return wamp.Fail(wamp.CloseSystemShutdown, "the server is shutting down")
	}
	if _, taken := r.sessions[s.id]; taken {
		return wamp.Fail(wamp.ErrAuthenticationFailed, "the session id was taken meanwhile: try again")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed { // its transport was lost while it authenticated
		return nil
	}
	c.session.Store(s)
	c.sendLocked(welcome)
	r.sessions[s.id] = s
	s.queueLocked(observerCall{kind: observeJoined})
	r.meta.joined(s)
	return nil
}
