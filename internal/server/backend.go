package server

import (
	"cmp"
	"context"
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
		Contracts:   contractURIs{s.policy},
		Sessions:    backend,
		Subscribers: backend,
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

// contractURIs implements [httpapi.Contracts].
type contractURIs struct{ policy *policy.Policy }

// Topic returns the topic of a contract.
func (c contractURIs) Topic(contract string, params map[string]string) (wamp.URI, error) {
	return c.policy.Fill(peer.Publish, contract, params)
}

// Procedure returns the procedure of a contract.
func (c contractURIs) Procedure(contract string, params map[string]string) (wamp.URI, error) {
	return c.policy.Fill(peer.Call, contract, params)
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
func (b apiBackend) Sessions(q httpapi.SessionQuery) ([]httpapi.Session, int) {
	all, limit := b.sessionsOf(q.User), q.Limit
	slices.SortFunc(all, func(a, b *router.Session) int {
		return cmp.Or(a.Joined().Compare(b.Joined()), cmp.Compare(a.ID(), b.ID()))
	})
	list := make([]httpapi.Session, 0, min(limit, len(all)))
	for _, s := range all[:min(limit, len(all))] {
		listed := sessionOf(s)
		topics, total := s.Subscriptions(httpapi.MaxSessionTopics)
		listed.Subscriptions = total
		for _, held := range topics {
			if q.Topics {
				listed.Topics = append(listed.Topics, httpapi.SessionTopic{Topic: held.Subscription.Topic, Match: held.Subscription.Match.String(), Since: held.Since.UTC()})
			}
		}
		list = append(list, listed)
	}
	return list, len(all)
}

// sessionsOf returns the sessions of a user, or all of them if user is empty.
func (b apiBackend) sessionsOf(user string) []*router.Session {
	all := b.realm.Sessions()
	if user == "" {
		return all
	}
	return slices.DeleteFunc(all, func(s *router.Session) bool { return s.Identity().ID != user })
}

// Subscribers implements [httpapi.Subscribers].
func (b apiBackend) Subscribers(q httpapi.SubscriberQuery) (httpapi.SubscribersAnswer, error) {
	if err := q.Topic.Check(strictness(b.of.config.URIs), wamp.MatchExact); err != nil {
		return httpapi.SubscribersAnswer{}, err
	}
	var admits func(*router.Session) bool
	if q.User != "" {
		admits = func(s *router.Session) bool { return s.Identity().ID == q.User }
	}
	page, total := b.realm.SubscribersFor(q.Topic, router.SubscriberPlace(q.After), q.Limit, admits)
	answer := httpapi.SubscribersAnswer{Topic: q.Topic, Total: total, Subscribers: []httpapi.Subscriber{}}
	answer.Contract, answer.Source, answer.Undeclared = b.policy.Place(q.Topic)
	for i := range page {
		answer.Subscribers = append(answer.Subscribers, subscriberOf(&page[i]))
	}
	if n := len(page); n == q.Limit {
		answer.Next = &httpapi.NextPage{Session: page[n-1].Session.ID(), Subscription: page[n-1].Subscription.ID}
	}
	return answer, nil
}

func subscriberOf(i *router.SubscriberInfo) httpapi.Subscriber {
	identity := i.Session.Identity()
	return httpapi.Subscriber{
		Session: i.Session.ID(), Subscription: i.Subscription.ID, User: identity.ID, Name: identity.Name, Backend: identity.Backend,
		Tab: i.Session.Tab(), Address: i.Session.Address(),
		Topic: i.Subscription.Topic, Match: i.Subscription.Match.String(), Since: i.Since.UTC(),
	}
}

// KillUser implements [httpapi.Sessions].
func (b apiBackend) KillUser(user, message string) int {
	ended := b.sessionsOf(user)
	for _, s := range ended {
		s.Kill("", message)
	}
	return len(ended)
}

func sessionOf(s *router.Session) httpapi.Session {
	who, peer, waiting := s.Identity(), s.Peer(), s.Outbox()
	return httpapi.Session{
		ID: s.ID(), User: who.ID, Name: who.Name, Roles: append([]string{}, who.Roles...), Tenant: who.Tenant,
		Method: who.Method, Backend: who.Backend, Tab: s.Tab(),
		Connection: peer.Connection, Address: s.Address(), UserAgent: peer.UserAgent,
		Joined: s.Joined().UTC(), Ends: who.Expires.UTC(), Encoding: s.Encoding().Subprotocol(),
		Messages: waiting.Frames, Bytes: waiting.Bytes, Skipped: waiting.Skipped, Behind: waiting.Behind.UTC(), Thinned: waiting.Thinned,
	}
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
	_ httpapi.Contracts   = contractURIs{}
	_ httpapi.Sessions    = apiBackend{}
	_ httpapi.Subscribers = apiBackend{}
	_ httpapi.Invalidator = apiBackend{}
)
