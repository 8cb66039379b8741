package router

import (
	"context"
	"maps"

	"github.com/tidings-io/tidings/internal/wamp"
)

// MaxTabBytes bounds the name that a page gives itself in HELLO.Details._tab.
const MaxTabBytes = 64

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
		AuthRequest: AuthRequest{Realm: m.Realm, Session: realm.freshID(), Details: details, Peer: c.peer},
		realm:       realm,
		tab:         tab,
	}
	if c.router.options.Authenticator == nil {
		return c.continueHandshake(AuthResult{Identity: c.defaultIdentity()})
	}
	outcome, err := c.router.options.Authenticator.Authenticate(ctx, c.handshake.AuthRequest)
	if err != nil {
		return c.authError(ctx, err)
	}
	return c.continueHandshake(outcome)
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
