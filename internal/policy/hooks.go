package policy

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// functionTimeout ends the wait for a function that hangs. The client behind it waits as long.
	functionTimeout = 10 * time.Second
	// functionsInFlight bounds the calls that pile up behind a function that hangs. It is far above
	// what a busy server asks at a time.
	functionsInFlight = 4096
)

// deciders makes webhooks and procedures, and remembers the webhooks for close.
type deciders struct {
	realm    hook.Caller
	webhooks []*hook.Webhook
}

// add returns a webhook, or a procedure if there is no URL.
func (d *deciders) add(url, procedure config.Text, secret config.Secret) hook.Decider {
	if url.Value == "" {
		return hook.NewProcedure(d.realm, wamp.URI(procedure.Value))
	}
	made := hook.NewWebhook(hook.WebhookOptions{URL: url.Value, Secret: secret.Reveal()})
	d.webhooks = append(d.webhooks, made)
	return made
}

// close closes the idle connections of the webhooks.
func (d *deciders) close() {
	for _, w := range d.webhooks {
		w.Close()
	}
}

// newHooks returns the hooks of the contracts, by index of the declaration.
func (p *Policy) newHooks(b *Contracts, deciders *deciders) map[int]*hook.Hook {
	hooks := make(map[int]*hook.Hook)
	for _, contract := range b.table.Contracts() {
		if t := b.origins[contract.Declaration].topic; t != nil && t.Handler != nil {
			hooks[contract.Declaration] = p.newHook(t.Handler, deciders)
		}
	}
	return hooks
}

func (p *Policy) newHook(h *config.Handler, deciders *deciders) *hook.Hook {
	options := hook.Options{
		Decider: deciders.add(h.Webhook, h.Procedure, h.Secret), On: actions(h.On, peer.Subscribe, peer.Publish),
		Timeout: h.Timeout, MaxInFlight: h.Concurrency, Logger: p.options.Logger,
	}
	if h.OnFailure == "allow" {
		options.OnFailure = hook.Allow
	}
	return hook.New(options)
}

// handle adds the functions of the program that decide on the topics of a contract. The state must not
// decide yet.
func (s *state) handle(pattern string, functions *hook.Functions, logger *slog.Logger) error {
	index, ok := s.contracts.find(pattern)
	switch {
	case !ok:
		return fmt.Errorf("handle %q: there is no such contract under topics in the configuration", pattern)
	case s.hooks[index] != nil:
		return fmt.Errorf("handle %q: the contract has a handler already", pattern)
	case len(functions.On()) == 0:
		return fmt.Errorf("handle %q: the handler has no function", pattern)
	}
	if functions.Subscribe != nil {
		contracts, err := s.contracts.askedOnSubscribe(index)
		if err != nil {
			return fmt.Errorf("handle %q: %w", pattern, err)
		}
		s.contracts = contracts
	}
	s.hooks[index] = hook.New(hook.Options{
		Decider: functions, On: functions.On(), Timeout: functionTimeout, MaxInFlight: functionsInFlight, Logger: logger,
	})
	return nil
}

// hookKind names the decider of a contract, or returns "" if it has none.
func (s *state) hookKind(contract *topic.Contract) string {
	t := s.contracts.origins[contract.Declaration].topic
	switch {
	case s.hooks[contract.Declaration] == nil:
		return ""
	case t == nil || t.Handler == nil:
		return "function"
	case t.Handler.Webhook.Value != "":
		return "webhook"
	default:
		return "procedure"
	}
}
