package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// procedureForget drops the answers that were kept. Whoever may call it can only make the server ask
// again.
const procedureForget = "tidings.authorizer.forget"

// rest is who decides where no contract does, or in addition to contracts.
type rest struct {
	hook       *hook.Hook
	cache      *hook.Cache
	on         []router.Action
	everything bool     // asked about what rules allow as well
	procedure  wamp.URI // that is asked; "" for a webhook
}

// newRest makes it of the configuration; nil where there is none.
func (s *Server) newRest(c *config.Authorizer) *rest {
	if c == nil {
		return nil
	}
	r := &rest{everything: c.About == "everything", procedure: wamp.URI(c.Procedure.Value)}
	for _, action := range []router.Action{router.Subscribe, router.Publish, router.Call, router.Register} {
		if slices.Contains(c.On, action.String()) {
			r.on = append(r.on, action)
		}
	}
	var decider hook.Decider
	if c.Webhook.Value != "" {
		webhook := hook.NewWebhook(hook.WebhookOptions{URL: c.Webhook.Value, Secret: c.Secret.Reveal()})
		s.webhooks = append(s.webhooks, webhook)
		decider = webhook
	} else {
		decider = hook.NewProcedure(s.realm, r.procedure)
	}
	r.cache = hook.NewCache(hook.CacheOptions{Decider: decider, TTL: c.Cache, Size: c.CacheSize})
	r.hook = hook.New(hook.Options{Decider: r.cache, On: r.on, Timeout: c.Timeout, MaxInFlight: c.Concurrency, Logger: s.logger})
	return r
}

// asks reports whether an action is asked about at all.
func (r *rest) asks(action router.Action) bool { return r != nil && slices.Contains(r.on, action) }

// decides reports whether this request is asked about. A pattern has no contract, and can match what
// has none. Who is asked cannot be asked about beginning to be that; the contract alone decides.
func (r *rest) decides(request *topic.Request, contract *topic.Contract) bool {
	if !r.asks(request.Action) || contract != nil && !r.everything {
		return false
	}
	return contract == nil || request.Action != router.Register || request.URI != r.procedure
}

// question is what is known beside the request.
type question struct {
	verdict topic.Verdict
	session *router.Session
}

func (a *authorizer) askRest(ctx context.Context, r *topic.Request, q question) (router.Decision, error) {
	asked := &hook.Query{
		Action: r.Action, Topic: r.URI, Match: r.Match, Contract: "everything else", Params: q.verdict.Params,
		Session: q.session, Identity: r.Identity, Payload: r.Payload,
	}
	if q.verdict.Contract != nil {
		asked.Contract = q.verdict.Contract.Pattern.String()
	}
	decision, err := a.rest.hook.Authorize(ctx, asked)
	if err == nil && decision.Payload != nil && q.verdict.Contract != nil {
		err = q.verdict.Contract.CheckPayload(*decision.Payload)
	}
	return router.Decision{Payload: decision.Payload}, err
}

// registerForget lets backends say that the answers that are kept hold no longer.
func (s *Server) registerForget() error {
	if s.authorizer.rest == nil {
		return nil
	}
	_, err := s.realm.Register(router.Registration{
		Procedure: procedureForget,
		Handler: func(context.Context, router.Invocation) (wamp.Payload, error) {
			s.authorizer.rest.cache.Forget()
			return wamp.Payload{}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("register %s: %w", procedureForget, err)
	}
	return nil
}
