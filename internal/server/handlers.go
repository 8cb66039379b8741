package server

import (
	"fmt"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// webhooks are closed when nobody asks any more.
type webhooks []*hook.Webhook

func (w webhooks) close() {
	for _, hook := range w {
		hook.Close()
	}
}

// assembleHandlers makes who is asked about topics, and what the server publishes by itself.
func (s *Server) assembleHandlers() error {
	s.authorizer.handlers = map[int]*hook.Hook{}
	var schedules []hook.Schedule
	for _, contract := range s.contracts.table.Contracts() {
		t := s.contracts.declared[contract.Declaration].topic
		if t == nil {
			continue
		}
		if t.Handler != nil {
			s.authorizer.handlers[contract.Declaration] = s.newHandler(t.Handler)
		}
		if t.Every != nil {
			schedule, err := s.contracts.scheduleOf(contract, t.Every)
			if err != nil {
				return fmt.Errorf("the periodic publication of %s: %w", contract.Pattern, err)
			}
			schedules = append(schedules, schedule)
		}
	}
	s.periodic = hook.NewPeriodic(s.realm, schedules)
	return nil
}

func (s *Server) newHandler(h *config.Handler) *hook.Hook {
	options := hook.Options{Timeout: h.Timeout, MaxInFlight: h.Concurrency, Logger: s.logger}
	if h.OnFailure == "allow" {
		options.OnFailure = hook.Allow
	}
	for _, action := range []router.Action{router.Subscribe, router.Publish} {
		if slices.Contains(h.On, action.String()) {
			options.On = append(options.On, action)
		}
	}
	if h.Webhook.Value != "" {
		webhook := hook.NewWebhook(hook.WebhookOptions{URL: h.Webhook.Value, Secret: h.Secret.Reveal()})
		s.webhooks = append(s.webhooks, webhook)
		options.Decider = webhook
	} else {
		options.Decider = hook.NewProcedure(s.realm, wamp.URI(h.Procedure.Value))
	}
	return hook.New(options)
}

// Handle answers for the topics of a contract with functions of the program. Call it before Run.
func (s *Server) Handle(pattern string, functions hook.Functions) error {
	index, ok := s.contracts.find(pattern)
	if !ok {
		return fmt.Errorf("handle %q: there is no such contract under topics in the configuration", pattern)
	}
	if s.authorizer.handlers[index] != nil {
		return fmt.Errorf("handle %q: the contract has a handler already", pattern)
	}
	on := functions.On()
	if len(on) == 0 {
		return fmt.Errorf("handle %q: the handler has no function", pattern)
	}
	if functions.Subscribe != nil {
		if err := s.contracts.askOnSubscribe(index); err != nil {
			return fmt.Errorf("handle %q: %w", pattern, err)
		}
	}
	s.authorizer.handlers[index] = hook.New(hook.Options{Decider: &functions, On: on, Timeout: functionTimeout, MaxInFlight: functionsAtOnce, Logger: s.logger})
	return nil
}

// functionTimeout ends a function of the program that hangs: the client behind it waits.
const functionTimeout = 10 * time.Second

// functionsAtOnce is far above what a busy server asks at a time, and bounds what piles up behind one
// that hangs.
const functionsAtOnce = 4096

// handlerKind names who is asked about a contract.
func (s *Server) handlerKind(index int, h *config.Handler) string {
	switch {
	case h == nil && s.authorizer.handlers[index] != nil:
		return "function"
	case h == nil:
		return ""
	case h.Webhook.Value != "":
		return "webhook"
	default:
		return "procedure"
	}
}

// scheduleOf is for the topics that the contract speaks for: of two whose patterns match one topic,
// only the more specific publishes there.
func (b *contracts) scheduleOf(contract *topic.Contract, every *config.Every) (hook.Schedule, error) {
	payload, err := wamp.NewPayload(every.Args, every.Kwargs)
	if err != nil {
		return hook.Schedule{}, err
	}
	schedule := hook.Schedule{
		Every:   every.Interval,
		Payload: payload,
		Match: func(uri string) bool {
			verdict, ok := b.table.Lookup(topic.Topic, wamp.URI(uri))
			return ok && verdict.Contract.Declaration == contract.Declaration
		},
	}
	if contract.Pattern.Literal() {
		schedule.Topic = wamp.URI(contract.Pattern.String())
	}
	return schedule, contract.CheckPayload(payload)
}
