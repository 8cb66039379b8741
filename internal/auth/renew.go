package auth

import (
	"context"
	"fmt"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// RenewByTicket implements [peer.TicketRenewer]. The ticket is checked as at a login: by this server, or by the user
// source if that checks tickets. An API key renews nothing, because its sessions have no end.
func (c *Chain) RenewByTicket(ctx context.Context, r peer.Renewal) (*peer.Identity, error) {
	identity, err := c.renewedBy(ctx, &r)
	if err != nil {
		return nil, err
	}
	if c.options.Cookies != nil && r.Peer.Cookie != "" {
		c.options.Cookies.renew(r.Peer.Cookie, identity)
	}
	return identity, nil
}

func (c *Chain) renewedBy(ctx context.Context, r *peer.Renewal) (*peer.Identity, error) {
	asks := c.options.Dynamic.supports(methodTicket)
	switch {
	case c.options.Foreign != nil && c.options.Foreign.Redeems(r.Ticket):
		return c.renewByForeign(ctx, r)
	case c.options.Tickets != nil && (looksLikeTicket(r.Ticket) || !asks):
		return c.options.Tickets.redeem(ctx, r.Ticket, ticketUse{renewed: r.Identity, from: addressOf(r.Peer)})
	case asks && !c.options.Users.knows(r.Identity.ID):
		return c.renewByUserSource(ctx, r)
	}
	return nil, wamp.Fail(wamp.ErrFeatureNotSupported,
		"this server takes no ticket for this session: configure auth.tickets, or auth.dynamic with the method ticket")
}

// renewByForeign lets another part of the server redeem a ticket for the user of a session.
func (c *Chain) renewByForeign(ctx context.Context, r *peer.Renewal) (*peer.Identity, error) {
	identity, err := c.options.Foreign.Redeem(ctx, r.Ticket, addressOf(r.Peer))
	if err != nil {
		return nil, err
	}
	if refused := sameUser(r.Identity, identity); refused != nil {
		c.counters.count(MethodTicket, refused.result)
		return nil, refused.failure()
	}
	return identity, nil
}

// renewByUserSource lets the user source check a ticket for the user of a session.
func (c *Chain) renewByUserSource(ctx context.Context, r *peer.Renewal) (*peer.Identity, error) {
	l := &login{
		AuthRequest: peer.AuthRequest{Realm: r.Realm, Session: r.Session, Details: wamp.Dict{}, Peer: r.Peer},
		method:      methodTicket, authid: r.Identity.ID,
	}
	identity, err := c.checkForeignTicket(ctx, l, r.Ticket)
	if err != nil {
		return nil, err
	}
	if refused := sameUser(r.Identity, identity); refused != nil {
		c.counters.count(MethodTicket, refused.result)
		return nil, refused.failure()
	}
	return identity, nil
}

// sameUser refuses a ticket that is not for the user of the session that it should renew.
func sameUser(session, ticket *peer.Identity) *refusal {
	if session.SameUser(ticket) {
		return nil
	}
	return refuse(Mismatch, fmt.Sprintf("the ticket is for %s, and the session is that of %s: the session goes on as it was",
		describe(ticket), describe(session)))
}

func describe(identity *peer.Identity) string {
	switch {
	case identity.Backend:
		return fmt.Sprintf("the API key %q", identity.Key)
	case identity.Tenant != "":
		return fmt.Sprintf("the user %q of the tenant %q", identity.ID, identity.Tenant)
	}
	return fmt.Sprintf("the user %q", identity.ID)
}

// Interface guards.
var _ peer.TicketRenewer = (*Chain)(nil)
