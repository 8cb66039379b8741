package policy

import (
	"context"
	"fmt"
	"maps"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
)

// Swap replaces the contracts while requests are decided. Requests that are open are decided by the
// contracts that they began with, and what they are allowed is checked again. Swap makes cached
// decisions void and waits until all subscriptions and registrations were checked again, or until ctx
// ends. The contracts are in force even if ctx ends. Caller must have called Open, and Run must run.
//
// Functions of the program keep deciding on their contracts. If one of these contracts is missing,
// Swap changes nothing and returns an error. Metrics of refusals and hooks begin at zero again. If no
// contract had a retention when the router was made, retention needs a restart.
func (p *Policy) Swap(ctx context.Context, contracts *Contracts) error {
	if err := p.replace(contracts); err != nil {
		return fmt.Errorf("replace the contracts: %w", err)
	}
	return p.changed(ctx)
}

// replace makes contracts those that decide.
func (p *Policy) replace(contracts *Contracts) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := contracts.schedules(); err != nil {
		return err
	}
	s := p.newState(contracts)
	for pattern, functions := range p.functions {
		if err := s.handle(pattern, functions, p.options.Logger); err != nil {
			s.deciders.close()
			return err
		}
	}
	if err := p.registerForgetLocked(contracts); err != nil {
		return err
	}
	old := p.state.Swap(s)
	old.deciders.close()
	select {
	case p.swapped <- struct{}{}:
	default: // Run is about to read the state
	}
	return nil
}

// registerForgetLocked registers procedureForget, if the contracts have an external authorizer. Caller
// must hold mu.
func (p *Policy) registerForgetLocked(contracts *Contracts) error {
	if contracts.config.Authorizer == nil || p.forgets {
		return nil
	}
	// Concurrent, because the caller may be the callee that a recheck asks.
	_, err := p.realm.Register(router.LocalProcedure{Procedure: procedureForget, Handler: p.forget, Concurrent: true})
	if err != nil {
		return fmt.Errorf("register %s: %w", procedureForget, err)
	}
	p.forgets = true
	return nil
}

// Seal makes Handle fail from now on. The server calls it before it accepts the first client.
func (p *Policy) Seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = true
}

// Handle lets functions of the program decide on the topics of a contract. pattern is the contract's,
// as the configuration has it. Handle fails after Seal.
func (p *Policy) Handle(pattern string, functions hook.Functions) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return fmt.Errorf("handle %q: the server is running: set handlers before Run", pattern)
	}
	s := *p.state.Load()
	s.hooks = maps.Clone(s.hooks)
	if err := s.handle(pattern, &functions, p.options.Logger); err != nil {
		return err
	}
	p.functions[pattern] = &functions
	p.state.Store(&s)
	return nil
}
