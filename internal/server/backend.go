package server

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// apiOptions gives the HTTP API what it asks for.
func (s *Server) apiOptions() httpapi.Options {
	return httpapi.Options{
		Keys:        s.keys,
		Publisher:   backend{s},
		Caller:      backend{s},
		Issuer:      backend{s},
		Topics:      inventory{s},
		Sessions:    inventory{s},
		Resources:   s.resources(),
		MaxBody:     int64(s.config.Limits.BodyBytes),
		KeyFailures: s.config.Limits.KeyFailures,
		RemoteAddr:  s.transport.RemoteAddr,
		Version:     Version(),
		Logger:      s.logger,
	}
}

// backend does what an API key asks for by HTTP, by the same contracts as by WebSocket.
type backend struct{ *Server }

// identityOf is who an API key is: the same as for a session that logs in with it, but for the method.
func identityOf(key string) *router.Identity {
	return &router.Identity{
		ID: key, Name: key, Roles: []string{"backend"},
		Method: "key", Provider: "api_key", Backend: true, Key: key,
	}
}

// Publish implements [httpapi.Publisher].
func (b backend) Publish(ctx context.Context, by string, p router.Publication) (router.Receipt, error) {
	return b.publish(ctx, policy.Request{Identity: identityOf(by)}, p)
}

// Call implements [httpapi.Caller].
func (b backend) Call(ctx context.Context, by string, procedure wamp.URI, p wamp.Payload) (wamp.Payload, error) {
	_, err := b.policy.Decide(ctx, policy.Request{
		Identity: identityOf(by), Action: router.Call, URI: procedure, Match: wamp.MatchExact, Payload: p,
	})
	if err != nil {
		return wamp.Payload{}, err
	}
	return b.realm.Call(ctx, router.CallRequest{Procedure: procedure, Payload: p})
}

// Issue implements [httpapi.Issuer].
func (b backend) Issue(ctx context.Context, t httpapi.Ticket) (string, time.Time, error) {
	return b.IssueTicket(ctx, auth.Grant(t))
}

// inventory lists what there is.
type inventory struct{ *Server }

// Contracts implements [httpapi.Topics].
func (i inventory) Contracts() []httpapi.Contract { return i.policy.Contracts() }

// Subscriptions implements [httpapi.Topics].
func (i inventory) Subscriptions() []httpapi.Subscription {
	list := []httpapi.Subscription{}
	for _, s := range i.realm.Subscriptions() {
		list = append(list, httpapi.Subscription{Topic: s.Topic, Match: s.Match.String(), Subscribers: s.Subscribers})
	}
	return list
}

// Sessions implements [httpapi.Sessions].
func (i inventory) Sessions(user string, limit int) ([]httpapi.Session, int) {
	all := i.realm.Sessions()
	if user != "" {
		all = slices.DeleteFunc(all, func(s *router.Session) bool { return s.Identity().ID != user })
	}
	slices.SortFunc(all, func(a, b *router.Session) int {
		return cmp.Or(a.Joined().Compare(b.Joined()), cmp.Compare(a.ID(), b.ID()))
	})
	list := make([]httpapi.Session, 0, min(limit, len(all)))
	for _, s := range all[:min(limit, len(all))] {
		list = append(list, sessionOf(s))
	}
	return list, len(all)
}

func sessionOf(s *router.Session) httpapi.Session {
	who, peer := s.Identity(), s.Peer()
	return httpapi.Session{
		ID: s.ID(), User: who.ID, Name: who.Name, Roles: append([]string{}, who.Roles...), Tenant: who.Tenant,
		Method: who.Method, Backend: who.Backend, Tab: s.Tab(),
		Address: withoutPort(peer.RemoteAddr), UserAgent: peer.UserAgent,
		Joined: s.Joined().UTC(), Encoding: s.Encoding().Subprotocol(),
	}
}

// withoutPort leaves out what says nothing about who it is.
func withoutPort(address string) string {
	if parsed, err := netip.ParseAddrPort(address); err == nil {
		return parsed.Addr().Unmap().String()
	}
	return address
}

// Kill implements [httpapi.Sessions].
func (i inventory) Kill(id wamp.ID, message string) bool {
	s, ok := i.realm.Session(id)
	if ok {
		s.Kill("", message)
	}
	return ok
}

// Interface guards.
var (
	_ httpapi.Publisher = backend{}
	_ httpapi.Caller    = backend{}
	_ httpapi.Issuer    = backend{}
	_ httpapi.Topics    = inventory{}
	_ httpapi.Sessions  = inventory{}
)
