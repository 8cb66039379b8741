package router

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// MaxTabBytes bounds the name that a page gives itself in HELLO.Details._tab.
const MaxTabBytes = 64

// handshake is what is remembered between HELLO and WELCOME.
type handshake struct {
	Handshake
	realm *Realm
	tab   string
	next  func(context.Context, *wamp.Authenticate) (Outcome, error)
}

// clientRoles are the roles that a client may play (WAMP, "Client and Router Roles").
var clientRoles = []string{"publisher", "subscriber", "caller", "callee"}

// routerRoles announces what works, and nothing else.
func routerRoles(options *Options) wamp.Dict {
	broker := wamp.Dict{
		"publisher_exclusion":           true,
		"subscriber_blackwhite_listing": true,
		"pattern_based_subscription":    true,
		"event_retention":               true,
		"session_meta_api":              true,
		"subscription_meta_api":         true,
		"subscription_revocation":       true,
		"payload_passthru_mode":         true,
	}
	dealer := wamp.Dict{
		"session_meta_api":             true,
		"testament_meta_api":           true,
		"registration_meta_api":        true,
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
	if len(options.TrustLevels) > 0 {
		dealer["call_trustlevels"] = true
		broker["publication_trustlevels"] = true
	}
	if options.Keeping != nil {
		broker["event_history"] = true
	}
	if options.Disclosure != DiscloseNever {
		broker["publisher_identification"] = true
		dealer["caller_identification"] = true
	}
	return wamp.Dict{"broker": wamp.Dict{"features": broker}, "dealer": wamp.Dict{"features": dealer}}
}

// hello begins the way to a session. An error becomes the ABORT.
func (c *Client) hello(ctx context.Context, m *wamp.Hello) error {
	if err := m.Realm.Check(c.router.options.URIs, wamp.MatchExact); err != nil {
		return err
	}
	realm, ok := c.router.Realm(m.Realm)
	if !ok {
		return wamp.Fail(wamp.ErrNoSuchRealm, "there is no realm %q here", m.Realm)
	}
	if !announcesRole(m.Details) {
		return wamp.Fail(wamp.ErrNoSuchRole, "HELLO.Details.roles names none of publisher, subscriber, caller, callee")
	}
	tab, err := tabOf(m.Details)
	if err != nil {
		return err
	}
	details := maps.Clone(m.Details)
	delete(details, "transport") // only a router may say what it saw of the transport
	c.handshake = &handshake{
		Handshake: Handshake{Realm: m.Realm, Session: realm.freshID(), Details: details, Peer: c.peer},
		realm:     realm,
		tab:       tab,
	}
	if c.router.options.Authenticator == nil {
		return c.proceed(Outcome{Identity: c.unproved()})
	}
	outcome, err := c.router.options.Authenticator.Authenticate(ctx, c.handshake.Handshake)
	if err != nil {
		return c.authFailure(ctx, err)
	}
	return c.proceed(outcome)
}

// authenticate judges the answer to a CHALLENGE.
func (c *Client) authenticate(ctx context.Context, m *wamp.Authenticate) error {
	if c.handshake == nil || c.handshake.next == nil {
		return wamp.Violation("AUTHENTICATE without a CHALLENGE")
	}
	outcome, err := c.handshake.next(ctx, m)
	if err != nil {
		return c.authFailure(ctx, err)
	}
	return c.proceed(outcome)
}

// proceed sends WELCOME or the next CHALLENGE.
func (c *Client) proceed(outcome Outcome) error {
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

// authFailure keeps a reason that the client may see, and hides any other.
func (c *Client) authFailure(ctx context.Context, err error) error {
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return failure
	}
	if ctx.Err() != nil { // the client has gone and nobody hears the answer
		return wamp.Fail(wamp.ErrCanceled, "the client has gone")
	}
	c.router.options.Logger.Error("authentication broke", "error", err, "address", c.peer.RemoteAddr)
	return wamp.Fail(wamp.ErrAuthenticationFailed, "authentication is not possible at the moment")
}

// unproved is who a client is where nobody asks.
func (c *Client) unproved() *Identity {
	if c.peer.Identity != nil {
		return c.peer.Identity
	}
	return &Identity{ID: "anonymous", Roles: []string{"anonymous"}, Method: "anonymous", Provider: "static"}
}

// join makes the session and queues WELCOME.
func (r *Realm) join(c *Client, h *handshake, outcome Outcome) error {
	c.peer.Connection = nil // it has served, and is large
	s := &Session{id: h.Session, identity: outcome.Identity, tab: h.tab, joined: time.Now(), realm: r, client: c, features: featuresOf(h.Details)}
	welcome := outcome.Identity.details(outcome.Extra)
	welcome["roles"] = r.router.roles
	welcome["agent"] = r.router.options.Agent
	welcome["realm"] = string(r.name)
	if err := r.admit(s, &wamp.Welcome{Session: s.id, Details: welcome}); err != nil {
		return err
	}
	r.router.joined(c)
	s.notify()
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
	if c.over { // its transport was lost while it authenticated
		return nil
	}
	c.session.Store(s)
	c.sendLocked(welcome)
	r.sessions[s.id] = s
	s.noteLocked(notice{kind: noticeJoined})
	r.meta.joined(s)
	return nil
}

func announcesRole(details wamp.Dict) bool {
	roles, _ := details.Dict("roles")
	for _, role := range clientRoles {
		if _, ok := roles[role]; ok {
			return true
		}
	}
	return false
}

// tabOf reads the key that we add to HELLO: a page's identity that outlives its sessions.
func tabOf(details wamp.Dict) (string, error) {
	value, given := details["_tab"]
	if !given {
		return "", nil
	}
	tab, ok := value.(string)
	if !ok || tab == "" || len(tab) > MaxTabBytes {
		return "", wamp.Violation("HELLO.Details._tab must be a string of 1 to %d characters", MaxTabBytes)
	}
	for _, b := range []byte(tab) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_', b == '-':
		default:
			return "", wamp.Violation("HELLO.Details._tab may hold letters, digits, '-' and '_' only")
		}
	}
	return tab, nil
}
