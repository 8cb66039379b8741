package router

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Authenticator decides who a client is. It runs on the client's reader, without a lock. A
// *[wamp.Failure] becomes the ABORT; any other error is logged and told as authentication_failed.
type Authenticator interface {
	Authenticate(ctx context.Context, handshake AuthRequest) (AuthResult, error)
}

// LogoutNotifier is an [Authenticator] that knows clients again when they come back. It is told of those
// who log out (GOODBYE with wamp.close.logout) and of those who are killed. It must not block.
type LogoutNotifier interface {
	LoggedOut(peer Peer)
}

// AuthRequest is what a client said in HELLO.
type AuthRequest struct {
	Realm   wamp.URI
	Session wamp.ID   // the id that WELCOME will carry
	Details wamp.Dict // without "transport", which only a router may fill in
	Peer    Peer
}

// AuthResult is one step of authentication: an identity, or a challenge and what judges its answer.
type AuthResult struct {
	Identity  *Identity
	Challenge *wamp.Challenge
	Next      func(ctx context.Context, answer *wamp.Authenticate) (AuthResult, error)
	Extra     wamp.Dict // with Identity: more for WELCOME.Details.authextra
}

// handshake is what is remembered between HELLO and WELCOME.
type handshake struct {
	AuthRequest
	realm *Realm
	tab   string
	next  func(context.Context, *wamp.Authenticate) (AuthResult, error)
}

// authenticate judges the answer to a CHALLENGE.
func (c *Client) authenticate(ctx context.Context, m *wamp.Authenticate) error {
	if c.handshake == nil || c.handshake.next == nil {
		return wamp.Violation("AUTHENTICATE without a CHALLENGE")
	}
	outcome, err := c.handshake.next(ctx, m)
	if err != nil {
		return c.authError(ctx, err)
	}
	return c.continueHandshake(outcome)
}

// authError keeps a reason that the client may see, and hides any other.
func (c *Client) authError(ctx context.Context, err error) error {
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

// defaultIdentity is who a client is where nobody asks.
func (c *Client) defaultIdentity() *Identity {
	if c.peer.Identity != nil {
		return c.peer.Identity
	}
	return &Identity{ID: "anonymous", Roles: []string{"anonymous"}, Method: "anonymous", Provider: "static"}
}

// notifyLogout tells who knows clients again that this one is not to be.
func (c *Client) notifyLogout() {
	if who, ok := c.router.options.Authenticator.(LogoutNotifier); ok {
		who.LoggedOut(c.peer)
	}
}
