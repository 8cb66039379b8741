package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Authenticator decides who a client is. It runs on the client's reader, without a lock. A
// *[wamp.Failure] becomes the ABORT; any other error is logged and told as authentication_failed.
type Authenticator interface {
	Authenticate(ctx context.Context, handshake Handshake) (Outcome, error)
}

// Forgetter is an [Authenticator] that knows clients again when they come back. It is told of those
// who log out (GOODBYE with wamp.close.logout) and of those who are killed. It must not block.
type Forgetter interface {
	Forget(peer Peer)
}

// Handshake is what a client said in HELLO.
type Handshake struct {
	Realm   wamp.URI
	Session wamp.ID   // the id that WELCOME will carry
	Details wamp.Dict // without "transport", which only a router may fill in
	Peer    Peer
}

// Outcome is one step of authentication: an identity, or a challenge and what judges its answer.
type Outcome struct {
	Identity  *Identity
	Challenge *wamp.Challenge
	Next      func(ctx context.Context, answer *wamp.Authenticate) (Outcome, error)
	Extra     wamp.Dict // with Identity: more for WELCOME.Details.authextra
}

// Authorizer decides what a session may do. It runs on the session's reader, without a lock, and may
// take its time. A *[wamp.Failure] becomes the ERROR; any other error is logged and told as
// authorization_failed.
type Authorizer interface {
	Authorize(ctx context.Context, request Request) (Decision, error)
}

// Action is what a session asks to do.
type Action uint8

// The actions that are authorized (WAMP, "Authorization").
const (
	Subscribe Action = iota
	Publish
	Call
	Register
)

// String gives the action as WAMP names it.
func (a Action) String() string {
	switch a {
	case Subscribe:
		return "subscribe"
	case Publish:
		return "publish"
	case Call:
		return "call"
	case Register:
		return "register"
	}
	return "unknown"
}

// Request is what an [Authorizer] decides on. A pattern is to be decided by everything that it can match.
type Request struct {
	Session *Session
	Action  Action
	URI     wamp.URI
	Match   wamp.Match
	Payload wamp.Payload // of publish and call
}

// Decision is what an [Authorizer] adds to its yes.
type Decision struct {
	Payload *wamp.Payload // published instead of what the session sent; nil keeps it
	// Standing says that the session may do the same again, with whatever payload: it is not asked
	// about that again, as long as the router remembers.
	Standing bool
}
