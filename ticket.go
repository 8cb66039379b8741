package tidings

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
)

// Grant describes the user of a ticket.
type Grant struct {
	User   string
	Name   string
	Roles  []string
	Tenant string
	Claims map[string]any
	TTL    time.Duration // 0: as configured, which is also the maximum
	// Session is how long the session lives that the ticket opens or renews, in whole seconds and at most 366 days. 0: it
	// has no end.
	Session time.Duration
}

// Ticket lets a page log in as a user, once.
type Ticket struct {
	Ticket  string
	Expires time.Time
}

// IssueTicket returns a one-time ticket for a user. The page connects with it.
func (s *Server) IssueTicket(ctx context.Context, g Grant) (Ticket, error) {
	if ctx == nil {
		return Ticket{}, errNoContext
	}
	ticket, expires, err := s.inner.IssueTicket(ctx, auth.Grant{
		User: g.User, Name: g.Name, Roles: g.Roles, Tenant: g.Tenant, Claims: g.Claims, TTL: g.TTL, Session: g.Session,
	})
	return Ticket{Ticket: ticket, Expires: expires}, publicError(err)
}
