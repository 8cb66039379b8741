package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// hello handles HELLO: it begins the handshake. An error becomes the ABORT.
func (c *Client) hello(ctx context.Context, m *wamp.Hello) error {
	if err := m.Realm.Check(c.router.options.URIs, wamp.MatchExact); err != nil {
		return err
	}
	realm, ok := c.router.Realm(m.Realm)
	if !ok {
		return wamp.Fail(wamp.ErrNoSuchRealm, "there is no realm %q here", m.Realm)
	}
	if !peer.HasRole(m.Details) {
		return wamp.Fail(wamp.ErrNoSuchRole, "HELLO.Details.roles names none of publisher, subscriber, caller, callee")
	}
	tab, err := peer.ParseTab(m.Details)
	if err != nil {
		return err
	}
	c.handshake = &handshake{realm: realm, settings: c.router.settings.Load(), session: realm.freshID(), tab: tab, features: peer.ParseFeatures(m.Details)}
	authenticator := c.handshake.settings.Authenticator
	if authenticator == nil {
		return c.continueHandshake(peer.AuthResult{Identity: c.peer.ProvedIdentity()})
	}
	result, err := authenticator.Authenticate(ctx, peer.AuthRequest{
		Realm: m.Realm, Session: c.handshake.session, Details: m.Details, Peer: c.peer,
	})
	if err != nil {
		return c.authError(ctx, err)
	}
	return c.continueHandshake(result)
}
