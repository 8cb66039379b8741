package policy

import (
	"fmt"
	"maps"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
)

// Prepare makes everything that decides by other contracts and API keys. swap puts it in force while requests are
// decided, cannot fail, and returns it. Requests that are open are decided by what they began with, and what they are
// allowed is checked again. Caller must have called Open, and calls Recheck after swap, while Run runs.
//
// Functions of the program keep deciding on their contracts. If one of these contracts is missing, Prepare returns an
// error. Metrics of refusals and hooks begin at zero again; those of events go on.
func (p *Policy) Prepare(contracts *Contracts, keys Scopes) (swap func() Basis, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := contracts.schedules(); err != nil {
		return nil, err
	}
	s := p.newState(contracts, keys)
	for pattern, functions := range p.functions {
		if err := s.handle(pattern, functions, p.options.Logger); err != nil {
			s.deciders.close()
			return nil, err
		}
	}
	if err := p.registerForgetLocked(contracts); err != nil {
		return nil, err
	}
	return func() Basis { return p.swap(s) }, nil
}

func (p *Policy) swap(s *state) Basis {
	p.meters.keep(s.contracts)
	old := p.state.Swap(s)
	old.deciders.close()
	p.realm.ForgetDecisions()
	p.realm.RefreshMeters()
	select {
	case p.swapped <- struct{}{}:
	default: // Run is about to read the state
	}
	return Basis{s}
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
