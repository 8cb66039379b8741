package tidings

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/content"
)

// Change is a change of content that somebody made.
type Change struct {
	Tags    []string // of the content that changed, such as "order.42"
	Author  *Author  // who changed it
	Tab     string   // the page that made the change, as its client names itself: it is not told
	Version string   // that the content has now
	Fields  []string // what of it changed
}

// Author is who made a change.
type Author struct{ ID, Name string }

// ContentChanged tells everyone who watches one of the tags that what they see is outdated, and says
// how many were told.
func (s *Server) ContentChanged(ctx context.Context, c Change) (notified int, err error) {
	change := content.Change{Tags: c.Tags, Tab: c.Tab, Version: c.Version, Fields: c.Fields}
	if c.Author != nil {
		change.Author = &content.Author{ID: c.Author.ID, Name: c.Author.Name}
	}
	result, err := s.inner.ContentChanged(ctx, change)
	return result.Notified, publicError(err)
}

// Grant is whom a ticket is for.
type Grant struct {
	User   string
	Name   string
	Roles  []string
	Tenant string
	Claims map[string]any
	TTL    time.Duration // 0: as configured, which is also the most
}

// Ticket lets its holder log in as a user, once.
type Ticket struct {
	Ticket  string
	Expires time.Time
}

// IssueTicket makes a one-time ticket for a user. The page connects with it.
func (s *Server) IssueTicket(ctx context.Context, g Grant) (Ticket, error) {
	ticket, expires, err := s.inner.IssueTicket(ctx, auth.Grant{
		User: g.User, Name: g.Name, Roles: g.Roles, Tenant: g.Tenant, Claims: g.Claims, TTL: g.TTL,
	})
	return Ticket{Ticket: ticket, Expires: expires}, publicError(err)
}
