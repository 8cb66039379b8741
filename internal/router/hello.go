package router

import (
	"context"
	"maps"

	"github.com/tidings-io/tidings/internal/wamp"
)

// MaxTabBytes bounds HELLO.Details._tab, the identity of a page.
const MaxTabBytes = 64

// hello handles HELLO: it begins the handshake. An error becomes the ABORT.
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
	delete(details, "transport") // only a router may fill this in
	c.handshake = &handshake{
		AuthRequest: AuthRequest{Realm: m.Realm, Session: realm.freshID(), Details: details, Peer: c.peer},
		realm:       realm,
		tab:         tab,
	}
	if c.router.options.Authenticator == nil {
		return c.continueHandshake(AuthResult{Identity: c.defaultIdentity()})
	}
	result, err := c.router.options.Authenticator.Authenticate(ctx, c.handshake.AuthRequest)
	if err != nil {
		return c.authError(ctx, err)
	}
	return c.continueHandshake(result)
}

// tabOf reads _tab, the key that Tidings adds to HELLO: the identity of a page, which outlives its sessions.
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
