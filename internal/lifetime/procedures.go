package lifetime

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The procedures. Each is about the session that calls.
const (
	ProcedureRenew    wamp.URI = "tidings.session.renew"
	ProcedureLifetime wamp.URI = "tidings.session.lifetime"
)

// renew answers tidings.session.renew. What the session loses by it is told before the answer.
func (c *component) renew(ctx context.Context, call router.LocalInvocation) (wamp.Payload, error) {
	s := call.Caller
	if s == nil {
		return wamp.Payload{}, errNoSession()
	}
	var args []any
	if err := call.Payload.Decode(&args, nil); err != nil {
		return wamp.Payload{}, errNoTicket()
	}
	ticket := ""
	if len(args) == 1 {
		ticket, _ = args[0].(string)
	}
	if ticket == "" {
		return wamp.Payload{}, errNoTicket()
	}
	found, err := s.Renew(ctx, ticket)
	if err != nil {
		return wamp.Payload{}, err
	}
	c.schedule(s)
	identity := s.Identity()
	c.log.DebugContext(ctx, "a session was renewed", "session", uint64(s.ID()), "user", identity.ID,
		"kept", found.Kept, "revoked", found.Revoked, "undecided", found.Undecided)
	return describe(identity)
}

// lifetime answers tidings.session.lifetime, mainly for version 1, whose WELCOME has no details.
func (c *component) lifetime(_ context.Context, call router.LocalInvocation) (wamp.Payload, error) {
	if call.Caller == nil {
		return wamp.Payload{}, errNoSession()
	}
	return describe(call.Caller.Identity())
}

// describe returns when a session of the identity ends and what WELCOME says of the identity.
func describe(identity *peer.Identity) (wamp.Payload, error) {
	details := identity.Details(nil)
	details["ends_in"] = secondsLeft(identity)
	return wamp.NewPayload(nil, details)
}

// secondsLeft returns the seconds that a session of the identity lives, or nil if it has no end.
func secondsLeft(identity *peer.Identity) any {
	left, ends := identity.Left(time.Now())
	if !ends {
		return nil
	}
	return int64(left.Round(time.Second) / time.Second)
}

func errNoSession() error {
	return wamp.Fail(wamp.ErrNoSuchSession, "this call has no session: only a client can ask about its own")
}

func errNoTicket() error {
	return wamp.Fail(wamp.ErrInvalidArgument, "give the new ticket, as text, as the only argument")
}
