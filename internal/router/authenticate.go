package router

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Authenticator decides the identity of a client. It runs on the client's reader, without a lock, and may block.
// A *[wamp.Failure] becomes the ABORT. Any other error is logged, and the client is told authentication_failed.
type Authenticator interface {
	Authenticate(ctx context.Context, request AuthRequest) (AuthResult, error)
}

// LogoutNotifier is an [Authenticator] that recognizes clients when they come back. LoggedOut is called for a
// client that logs out (GOODBYE with wamp.close.logout) or is killed. It must not block.
type LogoutNotifier interface {
	LoggedOut(peer Peer)
}

// AuthRequest is the login of one client, from its HELLO.
type AuthRequest struct {
	Realm   wamp.URI
	Session wamp.ID   // the id that WELCOME will carry
	Details wamp.Dict // without "transport", which only a router may fill in
	Peer    Peer
}

// AuthResult is the result of one step of authentication: an identity, or a challenge and the function that
// checks its answer.
type AuthResult struct {
	Identity  *Identity
	Challenge *wamp.Challenge
	Next      func(ctx context.Context, answer *wamp.Authenticate) (AuthResult, error)
	Extra     wamp.Dict // with Identity: added to WELCOME.Details.authextra
}

// handshake is the state of a client between HELLO and WELCOME.
type handshake struct {
	AuthRequest
	realm *Realm
	tab   string
	next  func(context.Context, *wamp.Authenticate) (AuthResult, error)
}

// authenticate handles AUTHENTICATE, the answer to a CHALLENGE.
func (c *Client) authenticate(ctx context.Context, m *wamp.Authenticate) error {
	if c.handshake == nil || c.handshake.next == nil {
		return wamp.Violation("AUTHENTICATE without a CHALLENGE")
	}
	result, err := c.handshake.next(ctx, m)
	if err != nil {
		return c.authError(ctx, err)
	}
	return c.continueHandshake(result)
}

// authError returns the failure that the client may see. It logs any other error and hides it.
func (c *Client) authError(ctx context.Context, err error) error {
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return failure
	}
	if ctx.Err() != nil { // the client has gone, no answer is needed
		return wamp.Fail(wamp.ErrCanceled, "the client has gone")
	}
	c.router.options.Logger.Error("authentication broke", "error", err, "address", c.peer.RemoteAddr)
	return wamp.Fail(wamp.ErrAuthenticationFailed, "authentication is not possible at the moment")
}

// defaultIdentity returns the identity that the transport proved, else anonymous. It is used when no
// Authenticator is configured.
func (c *Client) defaultIdentity() *Identity {
	if c.peer.Identity != nil {
		return c.peer.Identity
	}
	return &Identity{ID: "anonymous", Roles: []string{"anonymous"}, Method: "anonymous", Provider: "static"}
}

// notifyLogout tells the Authenticator that this client must log in again.
func (c *Client) notifyLogout() {
	if n, ok := c.router.options.Authenticator.(LogoutNotifier); ok {
		n.LoggedOut(c.peer)
	}
}

// continueHandshake sends WELCOME or the next CHALLENGE, as the result of one step of authentication says.
func (c *Client) continueHandshake(result AuthResult) error {
	switch {
	case result.Identity != nil:
		h := c.handshake
		c.handshake = nil
		return h.realm.join(c, h, result)
	case result.Challenge != nil && c.format.Encoding == wamp.V1JSON:
		return wamp.Fail(wamp.ErrAuthenticationRequired, "version 1 has no word for a challenge: say who you are while connecting")
	case result.Challenge != nil && result.Next != nil:
		c.handshake.next = result.Next
		c.send(result.Challenge)
		return nil
	}
	return errors.New("authenticate: neither an identity nor a challenge came out")
}
