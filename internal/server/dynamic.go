package server

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// newDynamic returns the authenticator that asks the application about users, or nil if none is configured.
func (s *Server) newDynamic(of *snapshot) *auth.Dynamic {
	c := of.config.Auth.Dynamic
	if c == nil {
		return nil
	}
	options := auth.DynamicOptions{Methods: c.Methods, Timeout: c.Timeout, MaxInFlight: c.Concurrency, Logger: s.logger}
	if c.Webhook.Value != "" {
		of.loginHook = hook.NewWebhook(hook.WebhookOptions{URL: c.Webhook.Value, Secret: c.Secret.Reveal()})
		options.Source = of.loginHook
	} else {
		options.Source = loginProcedure{s, wamp.URI(c.Procedure.Value)}
	}
	return auth.NewDynamic(options)
}

// loginProcedure calls a procedure of the realm. The realm is made after the authenticator.
type loginProcedure struct {
	server *Server
	uri    wamp.URI
}

// Exchange implements [auth.UserSource]. It takes an ERROR with not_authorized for a refusal, because many
// frameworks refuse that way.
func (l loginProcedure) Exchange(ctx context.Context, question []byte) ([]byte, error) {
	answer, err := hook.NewProcedure(l.server.realm, l.uri).Exchange(ctx, question)
	if refused, ok := errors.AsType[*calls.Error](err); ok &&
		(refused.URI == wamp.ErrNotAuthorized || refused.URI == wamp.ErrAuthenticationDenied) {
		return []byte(`{"allow":false}`), nil
	}
	return answer, err
}

// Interface guards.
var (
	_ auth.UserSource = (*hook.Webhook)(nil)
	_ auth.UserSource = loginProcedure{}
)
