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
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
	"github.com/tidings-io/tidings/web"
)

// apiOptions returns the options of the HTTP API of a snapshot.
func (s *Server) apiOptions(of *snapshot) httpapi.Options {
	backend := apiBackend{s, of}
	return httpapi.Options{
		Keys:        of.keys,
		Publisher:   backend,
		Caller:      backend,
		Issuer:      backend,
		Topics:      backend,
		Sessions:    backend,
		Reloader:    backend,
		Invalidator: backend,
		Resources:   s.resources(),
		Viewer:      web.APIDocs(),
		MaxBody:     int64(of.config.Limits.BodyBytes),
		Attempts:    s.attempts,
		RemoteAddr:  s.transport.RemoteAddr,
		Version:     Version(),
		Logger:      s.logger,
	}
}

// apiBackend carries out the operations of the HTTP API. The same contracts decide as over WebSocket.
type apiBackend struct {
	*Server
	of *snapshot // that has checked the API key
}

// identityOf returns the identity of an API key. It equals that of a session with the key, except for the method.
func identityOf(key string) *peer.Identity {
	return &peer.Identity{
		ID: key, Name: key, Roles: []string{"backend"},
		Method: "key", Provider: "api_key", Backend: true, Key: key,
	}
}

// Publish implements [httpapi.Publisher].
func (b apiBackend) Publish(ctx context.Context, by string, p router.Publication) (router.Receipt, error) {
	return b.publish(ctx, policy.Request{Identity: identityOf(by), Basis: b.of.basis}, p)
}

// Call implements [httpapi.Caller].
func (b apiBackend) Call(ctx context.Context, by string, procedure wamp.URI, p wamp.Payload) (wamp.Payload, error) {
	_, err := b.policy.Decide(ctx, policy.Request{
		Identity: identityOf(by), Basis: b.of.basis, Action: peer.Call, URI: procedure, Match: wamp.MatchExact, Payload: p,
	})
	if err != nil {
		return wamp.Payload{}, err
	}
	return b.realm.Call(ctx, router.CallRequest{Procedure: procedure, Payload: p})
}

// Issue implements [httpapi.Issuer].
func (b apiBackend) Issue(_ context.Context, t httpapi.Ticket) (string, time.Time, error) {
	return issueTicket(b.of, auth.Grant(t))
}

// Contracts implements [httpapi.Topics].
func (b apiBackend) Contracts() []httpapi.Contract { return b.policy.Contracts() }

// Subscriptions implements [httpapi.Topics].
func (b apiBackend) Subscriptions() []httpapi.Subscription {
	list := []httpapi.Subscription{}
	for _, s := range b.realm.Subscriptions() {
		list = append(list, httpapi.Subscription{Topic: s.Topic, Match: s.Match.String(), Subscribers: s.Subscribers})
	}
	return list
}

// Sessions implements [httpapi.Sessions].
func (b apiBackend) Sessions(user string, limit int) ([]httpapi.Session, int) {
	all := b.realm.Sessions()
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
	who, peer, waiting := s.Identity(), s.Peer(), s.Outbox()
	return httpapi.Session{
		ID: s.ID(), User: who.ID, Name: who.Name, Roles: append([]string{}, who.Roles...), Tenant: who.Tenant,
		Method: who.Method, Backend: who.Backend, Tab: s.Tab(),
		Connection: peer.Connection, Address: withoutPort(peer.RemoteAddr), UserAgent: peer.UserAgent,
		Joined: s.Joined().UTC(), Ends: who.Expires.UTC(), Encoding: s.Encoding().Subprotocol(),
		Messages: waiting.Frames, Bytes: waiting.Bytes, Skipped: waiting.Skipped, Behind: waiting.Behind.UTC(), Thinned: waiting.Thinned,
	}
}

// withoutPort returns an address without its port, which does not identify the client.
func withoutPort(address string) string {
	if parsed, err := netip.ParseAddrPort(address); err == nil {
		return parsed.Addr().Unmap().String()
	}
	return address
}

// Kill implements [httpapi.Sessions].
func (b apiBackend) Kill(id wamp.ID, message string) bool {
	s, ok := b.realm.Session(id)
	if ok {
		s.Kill("", message)
	}
	return ok
}

// Invalidate implements [httpapi.Invalidator].
func (b apiBackend) Invalidate(ctx context.Context, selected httpapi.Selection) (httpapi.Invalidated, error) {
	found, err := b.policy.Invalidate(ctx, policy.Selection(selected))
	return httpapi.Invalidated(found), err
}

// Interface guards.
var (
	_ httpapi.Publisher   = apiBackend{}
	_ httpapi.Caller      = apiBackend{}
	_ httpapi.Issuer      = apiBackend{}
	_ httpapi.Topics      = apiBackend{}
	_ httpapi.Sessions    = apiBackend{}
	_ httpapi.Invalidator = apiBackend{}
)
