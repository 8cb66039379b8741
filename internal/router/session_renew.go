package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Renew gives the session the identity of a new ticket of the same user, as [Session.Reauthenticate] does. It blocks as
// long as the check of the ticket and the questions to the Authorizer take. Must not be called by the reader of a
// client. The error is a [*wamp.Failure] unless the server is at fault, and the session goes on as it was.
func (s *Session) Renew(ctx context.Context, ticket string) (peer.Rechecked, error) {
	settings := s.realm.router.settings.Load()
	renewer, ok := settings.Authenticator.(peer.TicketRenewer)
	if !ok {
		return peer.Rechecked{}, wamp.Fail(wamp.ErrFeatureNotSupported, "this server renews no sessions: log in again")
	}
	identity, err := renewer.RenewByTicket(ctx, peer.Renewal{
		Realm: s.realm.name, Session: s.id, Identity: s.Identity(), Peer: s.Peer(), Ticket: ticket,
	})
	if err != nil {
		return peer.Rechecked{}, err
	}
	found, err := s.Reauthenticate(ctx, identity)
	if now := s.realm.router.settings.Load(); now != settings { // changed since, and perhaps before the identity was there
		s.renewBy(ctx, now.Authenticator, settings.Authenticator)
	}
	return found, err
}
