package router

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// handshake is the state of a client between HELLO and WELCOME. It holds what the session needs of HELLO, and no more:
// a stranger can leave many handshakes unfinished.
type handshake struct {
	realm    *Realm
	settings *Settings // whose Authenticator proves the identity
	session  wamp.ID   // the id that WELCOME will carry
	tab      string
	features peer.Features
	next     func(context.Context, *wamp.Authenticate) (peer.AuthResult, error)
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

// notifyLogout tells the Authenticator that this client must log in again.
func (c *Client) notifyLogout() {
	if n, ok := c.router.settings.Load().Authenticator.(peer.LogoutNotifier); ok {
		n.LoggedOut(c.peer)
	}
}

// continueHandshake sends WELCOME or the next CHALLENGE, as the result of one step of authentication says.
func (c *Client) continueHandshake(result peer.AuthResult) error {
	switch {
	case result.Identity != nil:
		h := c.handshake
		c.handshake = nil
		return h.realm.join(c, h, result)
	case result.Challenge != nil && c.sender.Format.Encoding == wamp.V1JSON:
		return wamp.Fail(wamp.ErrAuthenticationRequired, "version 1 has no word for a challenge: say who you are while connecting")
	case result.Challenge != nil && result.Next != nil:
		c.handshake.next = result.Next
		c.send(result.Challenge)
		return nil
	}
	return errors.New("authenticate: neither an identity nor a challenge came out")
}
