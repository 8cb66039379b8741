package policy

import (
	"context"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Request is what a [Policy] decides on.
type Request struct {
	Identity *router.Identity // nil for an unknown one
	Session  *router.Session  // nil for the HTTP API and the program
	Action   router.Action
	URI      wamp.URI
	Match    wamp.Match
	Payload  wamp.Payload // of a publication or a call

	// Program marks a request of the program around the server. The program is trusted as the
	// configuration is: only the declaration and the schema are checked.
	Program bool
}

// Authorize implements [router.Authorizer].
func (p *Policy) Authorize(ctx context.Context, r router.Request) (router.Decision, error) {
	return p.decide(ctx, &Request{
		Identity: r.Session.Identity(), Session: r.Session, Action: r.Action, URI: r.URI, Match: r.Match, Payload: r.Payload,
	})
}

// Decide decides on a request without a session. The error is a [*wamp.Failure], unless the server is
// at fault.
func (p *Policy) Decide(ctx context.Context, r Request) (router.Decision, error) {
	if err := r.URI.Check(p.options.URIs, r.Match); err != nil {
		return router.Decision{}, err
	}
	return p.decide(ctx, &r)
}

// decide asks everything that may refuse a request, in the order of the package comment.
func (p *Policy) decide(ctx context.Context, r *Request) (router.Decision, error) {
	s := p.state.Load()
	if err := p.checkScope(s, r); err != nil {
		return router.Decision{}, err
	}
	verdict, err := s.table(r).Authorize(topic.Request{
		Identity: r.Identity, Action: r.Action, URI: r.URI, Match: r.Match, Payload: r.Payload, Trusted: r.Program,
	})
	if err != nil || r.Program {
		return router.Decision{}, err
	}
	decision := router.Decision{Cacheable: s.cacheable(r, verdict.Contract)}
	if s.external.applies(r, verdict.Contract) {
		external, err := s.external.ask(ctx, r, verdict)
		if err != nil {
			return router.Decision{}, err
		}
		if external.Payload != nil { // the hook decides on the replacement
			decision.Payload, r.Payload = external.Payload, *external.Payload
		}
	}
	if h := s.hook(r, verdict.Contract); h != nil {
		query := r.query(verdict)
		query.Contract = verdict.Contract.Pattern.String()
		hooked, err := decide(ctx, h, query, verdict.Contract)
		if err != nil {
			return router.Decision{}, err
		}
		if hooked.Payload != nil {
			decision.Payload = hooked.Payload
		}
	}
	return decision, nil
}

// table returns the table that decides on a request. If the external authorizer is asked about the
// action, undeclared URIs are allowed as far as the table is concerned.
func (s *state) table(r *Request) *topic.Table {
	if !r.Program && s.external.asks(r.Action) {
		return s.contracts.open
	}
	return s.contracts.table
}

// hook returns the hook that decides on a request, or nil if there is none.
func (s *state) hook(r *Request, contract *topic.Contract) *hook.Hook {
	if contract == nil {
		return nil
	}
	if h := s.hooks[contract.Declaration]; h != nil && h.Applies(r.Action) {
		return h
	}
	return nil
}

// cacheable reports whether the same session may repeat an allowed request without another decision.
// A rule answers the same identity in the same way. A hook or the external authorizer may change
// their decision, and every payload must be held to its schema.
func (s *state) cacheable(r *Request, contract *topic.Contract) bool {
	return contract != nil && contract.Schema() == nil && s.hooks[contract.Declaration] == nil && !s.external.applies(r, contract)
}

// query returns what a hook is asked.
func (r *Request) query(v topic.Verdict) *hook.Query {
	return &hook.Query{
		Action: r.Action, Topic: r.URI, Params: v.Params,
		Session: r.Session, Identity: r.Identity, Payload: r.Payload,
	}
}
