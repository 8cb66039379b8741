package peer

import (
	"context"

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

// TicketRenewer is an [Authenticator] that also renews identities on open sessions. It may block. A *[wamp.Failure]
// becomes the ERROR.
type TicketRenewer interface {
	// RenewByTicket returns the identity that a new ticket gives to the user of the session. A ticket that this server has
	// signed for another user is refused and stays unused.
	RenewByTicket(ctx context.Context, renewal Renewal) (*Identity, error)
}

// Renewal is the request of an open session to be renewed.
type Renewal struct {
	Realm    wamp.URI
	Session  wamp.ID
	Identity *Identity // of the session so far
	Peer     Peer
	Ticket   string
}

// AuthRequest is the login of one client, from its HELLO. An Authenticator that answers with a challenge keeps
// only what it needs of the request, because a stranger can leave many logins unfinished.
type AuthRequest struct {
	Realm   wamp.URI
	Session wamp.ID   // the id that WELCOME will carry
	Details wamp.Dict // the known keys only; not "transport", which only a router may fill in
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
