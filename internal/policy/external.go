package policy

import (
	"context"
	"slices"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// procedureForget drops the cached decisions of the external authorizer. A session that may call it
// can only make the server ask again.
const procedureForget = "tidings.authorizer.forget"

func forgetDeclaration() Declaration {
	return Declaration{
		Procedure: true, Pattern: config.Text{Value: procedureForget}, Doc: "Drops the answers of the authorizer that were kept.",
		Call: config.Text{Value: "backend"},
	}
}

// externalAuthorizer decides where no contract does, or in addition to contracts.
type externalAuthorizer struct {
	hook       *hook.Hook
	cache      *hook.Cache
	on         []peer.Action
	everything bool     // asked about requests that rules allow, too
	procedure  wamp.URI // that is called; "" for a webhook
}

// newExternal returns the external authorizer of the configuration, or nil if there is none.
func (p *Policy) newExternal(c *config.Authorizer, deciders *deciders) *externalAuthorizer {
	if c == nil {
		return nil
	}
	cache := hook.NewCache(hook.CacheOptions{
		Decider: deciders.add(c.Webhook, c.Procedure, c.Secret), TTL: c.Cache, Size: c.CacheSize,
	})
	on := actions(c.On, peer.Subscribe, peer.Publish, peer.Call, peer.Register)
	return &externalAuthorizer{
		on: on, everything: c.About == "everything", procedure: wamp.URI(c.Procedure.Value), cache: cache,
		hook: hook.New(hook.Options{
			Decider: cache, On: on, Timeout: c.Timeout, MaxInFlight: c.Concurrency, Logger: p.options.Logger,
		}),
	}
}

// actions returns those of the actions that are named.
func actions(names []string, of ...peer.Action) []peer.Action {
	var named []peer.Action
	for _, action := range of {
		if slices.Contains(names, action.String()) {
			named = append(named, action)
		}
	}
	return named
}

// asks reports whether the authorizer is asked about an action at all.
func (e *externalAuthorizer) asks(action peer.Action) bool {
	return e != nil && slices.Contains(e.on, action)
}

// applies reports whether the authorizer is asked about a request. A pattern has no contract and can
// match undeclared URIs. The authorizer procedure cannot authorize its own registration; only its
// contract can.
func (e *externalAuthorizer) applies(r *Request, contract *topic.Contract) bool {
	if !e.asks(r.Action) || contract != nil && !e.everything {
		return false
	}
	return contract == nil || r.Action != peer.Register || r.URI != e.procedure
}

// askExternal asks the external authorizer about a request.
func (s *state) askExternal(ctx context.Context, r *Request, v topic.Verdict) (hook.Decision, error) {
	query := r.query(v)
	query.Match, query.Contract = r.Match, "everything else"
	if v.Contract != nil {
		query.Contract = v.Contract.Pattern.String()
	}
	return s.decide(ctx, s.external.hook, query, v.Contract)
}

// decide asks a hook and holds the payload of its decision to the contract.
func (s *state) decide(ctx context.Context, h *hook.Hook, query *hook.Query, contract *topic.Contract) (hook.Decision, error) {
	decision, err := h.Authorize(ctx, query)
	if err == nil && decision.Payload != nil && contract != nil {
		err = s.contracts.table.CheckPayload(ctx, contract, *decision.Payload)
	}
	return decision, err
}
