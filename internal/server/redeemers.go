package server

import (
	"context"
	"net/netip"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// redeemers are the features that redeem tickets of their own form.
type redeemers []feature.Redeemer

func (s *Server) redeemers() (all redeemers) {
	for _, c := range s.components {
		if r, ok := c.Component.(feature.Redeemer); ok {
			all = append(all, r)
		}
	}
	return all
}

// of returns the feature whose form a ticket has, or nil.
func (all redeemers) of(ticket string) feature.Redeemer {
	for _, r := range all {
		if r.Redeems(ticket) {
			return r
		}
	}
	return nil
}

// Redeems implements [auth.ForeignTickets].
func (all redeemers) Redeems(ticket string) bool { return all.of(ticket) != nil }

// Redeem implements [auth.ForeignTickets].
func (all redeemers) Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error) {
	if r := all.of(ticket); r != nil {
		return r.Redeem(ctx, ticket, from)
	}
	return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the ticket has no form that this server knows")
}

// ticketsOfAddresses redeem what comes as ?ticket=: the tickets of the server and those of features.
type ticketsOfAddresses struct {
	own    *auth.Tickets // nil: not configured
	others redeemers
}

// Redeem implements [transport.Tickets].
func (t ticketsOfAddresses) Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error) {
	if t.own == nil || t.others.Redeems(ticket) {
		return t.others.Redeem(ctx, ticket, from)
	}
	return t.own.Redeem(ctx, ticket, from)
}

// OfBackend implements [transport.BackendTickets].
func (t ticketsOfAddresses) OfBackend(ticket string) bool {
	r := t.others.of(ticket)
	return r != nil && r.OfBackend(ticket)
}

// allowsHost returns what decides about origins that no configuration lists, or nil.
func (s *Server) allowsHost() func(host string) bool {
	var sources []feature.OriginSource
	for _, c := range s.components {
		if source, ok := c.Component.(feature.OriginSource); ok {
			sources = append(sources, source)
		}
	}
	if len(sources) == 0 {
		return nil
	}
	return func(host string) bool {
		for _, source := range sources {
			if source.AllowsOrigin(host) {
				return true
			}
		}
		return false
	}
}

// guard opens a replay guard of a feature.
func (s *Server) guard(name string, ttl, skew time.Duration) feature.ReplayGuard {
	return s.engine.ReplayGuard(cluster.ReplayGuardOptions{Name: name, TTL: ttl, Skew: skew, Most: spentTickets})
}

func askWebhook(url, secret string) feature.Asker {
	return hook.NewWebhook(hook.WebhookOptions{URL: url, Secret: secret})
}

// Interface guards.
var (
	_ auth.ForeignTickets      = redeemers(nil)
	_ transport.Tickets        = ticketsOfAddresses{}
	_ transport.BackendTickets = ticketsOfAddresses{}
)
