package server

import (
	"context"
	"slices"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// authorizer is who the router asks: the scopes of API keys, then the contracts, then the
// contract's handler, then who is asked about the rest.
type authorizer struct {
	contracts *contracts
	keys      *auth.Keys
	handlers  map[int]*hook.Hook // by index of the declaration
	rest      *rest              // nil: nobody is
}

// Authorize decides on what a session asks to do.
func (a *authorizer) Authorize(ctx context.Context, r router.Request) (router.Decision, error) {
	return a.decide(ctx, topic.RequestOf(r), r.Session)
}

// decide is Authorize for requests without a session, too.
func (a *authorizer) decide(ctx context.Context, r topic.Request, session *router.Session) (router.Decision, error) {
	if err := a.checkScope(&r); err != nil {
		return router.Decision{}, err
	}
	table := a.contracts.table
	if a.rest.asks(r.Action) {
		table = a.contracts.open
	}
	verdict, err := table.Authorize(r)
	if err != nil {
		return router.Decision{}, err
	}
	decision := router.Decision{Cacheable: a.stands(&r, verdict.Contract)}
	if a.rest.decides(&r, verdict.Contract) {
		if decision, err = a.askRest(ctx, &r, question{verdict, session}); err != nil {
			return router.Decision{}, err
		}
		if decision.Payload != nil { // which is what the contract's handler is asked about
			r.Payload = *decision.Payload
		}
	}
	if verdict.Contract == nil {
		return decision, nil
	}
	if replaced, err := a.askHandler(ctx, &r, question{verdict, session}); err != nil || replaced.Payload != nil {
		return replaced, err
	}
	return decision, nil
}

// stands reports whether a yes is one for ever: the same identity gets the same answer of a rule, but
// a handler or whoever is asked about the rest may think again, and each payload has to keep to a
// schema.
func (a *authorizer) stands(r *topic.Request, contract *topic.Contract) bool {
	return contract != nil && contract.Schema() == nil && a.handlers[contract.Declaration] == nil && !a.rest.decides(r, contract)
}

// askHandler asks the handler of the contract, if it has one.
func (a *authorizer) askHandler(ctx context.Context, r *topic.Request, q question) (router.Decision, error) {
	contract := q.verdict.Contract
	asked := a.handlers[contract.Declaration]
	if asked == nil || (r.Action != router.Subscribe && r.Action != router.Publish) {
		return router.Decision{}, nil
	}
	decision, err := asked.Authorize(ctx, &hook.Query{
		Action: r.Action, Topic: r.URI, Contract: contract.Pattern.String(), Params: q.verdict.Params,
		Session: q.session, Identity: r.Identity, Payload: r.Payload,
	})
	if err == nil && decision.Payload != nil { // a handler may not break the contract either
		err = contract.CheckPayload(*decision.Payload)
	}
	return router.Decision{Payload: decision.Payload}, err
}

// checkScope holds an API key to its scopes over WebSocket as the HTTP API does: a key that may
// only issue tickets must not publish by the other door.
func (a *authorizer) checkScope(r *topic.Request) error {
	if r.Identity == nil || r.Identity.Key == "" {
		return nil
	}
	var need httpapi.Scope
	switch {
	case r.Action == router.Publish && r.URI == content.TopicChanged:
		need = httpapi.ScopeContent
	case r.Action == router.Publish:
		need = httpapi.ScopePublish
	case r.Action == router.Call && metaKill[r.URI]:
		need = httpapi.ScopeSessions
	case r.Action == router.Call:
		need = httpapi.ScopeCall
	default:
		return nil // the contract's rule alone decides
	}
	scopes, _ := a.keys.Scopes(r.Identity.Key)
	if slices.Contains(scopes, string(need)) || slices.Contains(scopes, "*") {
		return nil
	}
	return wamp.Fail(wamp.ErrNotAuthorized, "the API key %q lacks the scope %q: add it to the key's list \"may\" in the configuration", r.Identity.Key, need)
}

// gate decides who may be present at a record, by the rule "enter".
type gate struct{ contracts *contracts }

// Enter gives nil if the session may.
func (g gate) Enter(_ context.Context, s *router.Session, record string) error {
	_, err := g.contracts.table.Authorize(topic.Request{
		Identity: s.Identity(), Action: router.Call, URI: wamp.URI(enterRecord + record), Match: wamp.MatchExact,
	})
	if err == nil {
		return nil
	}
	// The contract behind the rule is nothing that the client has heard of.
	return wamp.Fail(wamp.ErrNotAuthorized, "%q may not enter the record %q: no section of presence in the configuration allows it", s.Identity().ID, record)
}

// Interface guards.
var (
	_ router.Authorizer = (*authorizer)(nil)
)
