package policy

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Request is one question to a [Policy].
type Request struct {
	Identity *peer.Identity  // nil for an unknown client
	Session  *router.Session // nil for the HTTP API and the program
	Action   peer.Action
	URI      wamp.URI
	Match    wamp.Match
	Payload  wamp.Payload // of a publication or a call
	As       bool         // a publication that names another sender than the identity
	Replaces bool         // a registration that takes the procedure from its callees (force_reregister)

	// Basis is what decides; the zero value is what decides at the moment.
	Basis Basis

	// Program marks a request of the program around the server. The program is trusted as the
	// configuration is: only the declaration and the schema are checked.
	Program bool
}

// Authorize implements [router.Authorizer].
func (p *Policy) Authorize(ctx context.Context, r router.Request) (peer.Decision, error) {
	return p.decide(ctx, requestOf(&r))
}

// requestOf returns the request of a session.
func requestOf(r *router.Request) *Request {
	return &Request{
		Identity: r.Session.Identity(), Session: r.Session, Action: r.Action, URI: r.URI, Match: r.Match,
		Payload: r.Payload, Replaces: r.Replaces, As: r.As,
	}
}

// Decide decides on a request without a session. The error is a [*wamp.Failure], unless the server is
// at fault.
func (p *Policy) Decide(ctx context.Context, r Request) (peer.Decision, error) {
	if err := r.URI.Check(p.options.URIs, r.Match); err != nil {
		return peer.Decision{}, err
	}
	return p.decide(ctx, &r)
}

// decide decides on a request and logs a refusal.
func (p *Policy) decide(ctx context.Context, r *Request) (peer.Decision, error) {
	s := cmp.Or(r.Basis.state, p.state.Load())
	result, err := p.askReported(ctx, s, r)
	if err == nil {
		return result.decision, nil
	}
	p.logRefusal(ctx, s, r, &result, err)
	return peer.Decision{}, err
}

// askReported is ask. It logs a fault of the server, and returns what the client is told of it.
func (p *Policy) askReported(ctx context.Context, s *state, r *Request) (result, error) {
	found, err := p.ask(ctx, s, r)
	if fault, ok := errors.AsType[*topic.FaultError](err); ok {
		p.options.Logger.ErrorContext(ctx, "a payload was refused because its validation failed; report this with the schema",
			"action", r.Action.String(), "uri", string(r.URI), "fault", fault.Fault)
		err = fault.Failure
	}
	return found, err
}

// result is the outcome of the sequence of steps.
type result struct {
	decision peer.Decision
	step     Step // the last one, which refused or allowed the request
	verdict  topic.Verdict
	missing  httpapi.Scope // of StepScope
}

// ask asks everything that may refuse a request, in the order of the package comment.
func (p *Policy) ask(ctx context.Context, s *state, r *Request) (result, error) {
	if missing, err := s.checkScopes(r); err != nil {
		return result{step: StepScope, missing: missing}, err
	}
	if !r.Program {
		if err := s.contracts.checkDecider(r); err != nil {
			return result{step: StepDecider}, err
		}
		if err := s.checkCall(r); err != nil {
			return result{step: StepDecider}, err
		}
	}
	verdict, err := s.table(r).Authorize(ctx, topic.Request{
		Identity: r.Identity, Action: r.Action, URI: r.URI, Match: r.Match, Payload: r.Payload, Trusted: r.Program,
	})
	found := result{step: StepContract, verdict: verdict}
	found.decision.Stamped = err == nil && r.Action == peer.Publish && s.contracts.stamps(verdict.Contract)
	if err != nil || r.Program {
		return found, err
	}
	var until time.Time
	applies := s.external.applies(r, verdict.Contract)
	if applies {
		found.step = StepExternal
		external, err := s.askExternal(ctx, r, verdict)
		if err != nil {
			return found, err
		}
		until = external.Until
		if external.Payload != nil { // the hook decides on the replacement
			found.decision.Payload, r.Payload = external.Payload, *external.Payload
		}
	}
	if h := s.hook(r, verdict.Contract); h != nil {
		found.step = StepHook
		query := r.query(verdict)
		query.Contract = verdict.Contract.Pattern.String()
		hooked, err := s.decide(ctx, h, query, verdict.Contract)
		if err != nil {
			return found, err
		}
		if hooked.Payload != nil {
			found.decision.Payload = hooked.Payload
		}
	}
	if may, isKey := s.scopesOf(r); isKey && r.Action == peer.Register {
		found.decision.ReplacesOthers = may.has(httpapi.ScopeForceReregister)
	}
	if s.cacheable(r, verdict.Contract, applies, until) {
		found.decision.Cacheable, found.decision.Until = true, until
	}
	return found, nil
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
// A rule answers the same identity in the same way, and the external authorizer says how long its
// decision holds. A hook may change its decision, and every payload must be held to its schema and to a rule that
// reads it.
func (s *state) cacheable(r *Request, contract *topic.Contract, external bool, until time.Time) bool {
	if external && until.IsZero() || !external && contract == nil {
		return false
	}
	return contract == nil || contract.Schema() == nil && s.hooks[contract.Declaration] == nil && !contract.Rule(r.Action).ReadsPayload()
}

// query returns what a hook is asked.
func (r *Request) query(v topic.Verdict) *hook.Query {
	return &hook.Query{
		Action: r.Action, Topic: r.URI, Params: v.Params,
		Session: r.Session, Identity: r.Identity, Payload: r.Payload,
	}
}
