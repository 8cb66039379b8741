package tidings

import (
	"context"

	"github.com/tidings-io/tidings/internal/server"
)

// Selection selects sessions. A session is selected if it has everything that is not empty.
type Selection struct {
	User   string // the user's id; of a backend the name of its API key
	Role   string // any of the session's roles
	Tenant string // Grant.Tenant of the ticket
}

// Invalidated counts what Invalidate asked about.
type Invalidated struct {
	Sessions      int // that were selected
	Kept, Revoked int // of their subscriptions and registrations
	Undecided     int // kept, because the authorizer or a handler did not answer
}

// Invalidate asks again about what the selected sessions have subscribed to and registered, and takes away only what is
// refused now. Their cached decisions are void. The clients are told what they have lost. At least one field must be
// set. A function of [Handlers] is asked for each subscription to its topics. Invalidate goes on if ctx ends. Call it
// while the server runs, and not in such a function.
//
// Rules see the roles of the login. To change the roles of an open session, have its page renew the session with a new
// ticket, or end the session.
func (s *Server) Invalidate(ctx context.Context, selected Selection) (Invalidated, error) {
	if ctx == nil {
		return Invalidated{}, errNoContext
	}
	found, err := s.inner.Invalidate(ctx, server.Selection(selected))
	return Invalidated(found), publicError(err)
}
