package policy

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Options configure a [Policy]. Contracts and Keys are required; the zero value of every other field
// works.
type Options struct {
	Contracts *Contracts
	Keys      Scopes
	URIs      wamp.URIRules // of the requests without a session; the router checks those of sessions
	Logger    *slog.Logger
}

// Policy decides on requests. It is safe for concurrent use.
type Policy struct {
	options  Options
	realm    *router.Realm // set by Open, before the first request
	rechecks *rechecker    // set by Open

	state   atomic.Pointer[state] // read without the lock
	swapped chan struct{}         // holds a value if Run must read the state again
	meters  contractMeters

	refusals refusals

	mu        sync.Mutex                 // guards what follows, and the writers of state
	functions map[string]*hook.Functions // of the program, by the pattern of the contract
	sealed    bool                       // Handle fails
	forgets   bool                       // procedureForget is registered
}

// state is everything that decides. It is immutable, but for counters and caches.
type state struct {
	contracts *Contracts
	keys      Scopes
	hooks     map[int]*hook.Hook  // by index of the declaration
	external  *externalAuthorizer // nil if there is none
	deciders  *deciders
}

// New returns a policy. It decides on requests after Open.
func New(options Options) *Policy {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Policy{options: options, swapped: make(chan struct{}, 1), functions: make(map[string]*hook.Functions)}
	p.refusals.logger = options.Logger
	p.state.Store(&state{contracts: options.Contracts, keys: options.Keys, deciders: &deciders{}})
	p.meters.keep(options.Contracts)
	return p
}

// Open connects the policy to the realm whose requests it decides on, and makes the hooks. Caller
// must call it once, before the first request.
func (p *Policy) Open(realm *router.Realm) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.realm, p.rechecks = realm, newRechecker(realm, p.options.Logger)
	p.state.Store(p.newState(p.options.Contracts, p.options.Keys))
	return p.registerForgetLocked(p.options.Contracts)
}

func (p *Policy) newState(contracts *Contracts, keys Scopes) *state {
	deciders := &deciders{realm: p.realm}
	return &state{
		contracts: contracts, keys: keys, deciders: deciders,
		hooks:    p.newHooks(contracts, deciders),
		external: p.newExternal(contracts.config.Authorizer, deciders),
	}
}

// Basis holds everything that decided at one moment: contracts, scopes of API keys, hooks. A request that was admitted
// with an API key is decided by the basis of that moment. So no change of the configuration comes between the two.
type Basis struct{ state *state }

// Basis returns what decides at the moment.
func (p *Policy) Basis() Basis { return Basis{p.state.Load()} }

// Close closes the idle connections of the webhooks.
func (p *Policy) Close() {
	p.refusals.close()
	p.state.Load().deciders.close()
}

// forget implements procedureForget.
func (p *Policy) forget(ctx context.Context, _ router.LocalInvocation) (wamp.Payload, error) {
	p.forgetExternal()
	_, err := p.Recheck(ctx)
	return wamp.Payload{}, err
}

// forgetExternal drops the cached decisions of the external authorizer, if there is one.
func (p *Policy) forgetExternal() {
	if external := p.state.Load().external; external != nil {
		external.cache.Forget()
	}
}

// Declares reports whether a topic has a contract.
func (p *Policy) Declares(uri wamp.URI) bool {
	_, ok := p.state.Load().contracts.table.Lookup(topic.Topic, uri)
	return ok
}

// Fill returns the URI of the contract of an action, with values of its parameters. The error is a [*wamp.Failure].
func (p *Policy) Fill(action peer.Action, contract string, params map[string]string) (wamp.URI, error) {
	return p.state.Load().contracts.table.Fill(kindOf(action), contract, params)
}

// Place returns where the configuration has the contract of a topic, in its words and as file and line. If there is no
// contract, undeclared says why.
func (p *Policy) Place(uri wamp.URI) (place, source, undeclared string) {
	s := p.state.Load()
	verdict, ok := s.contracts.table.Lookup(topic.Topic, uri)
	if !ok {
		return "", "", s.contracts.table.Undeclared(topic.Topic, uri)
	}
	from := s.contracts.origins[verdict.Contract.Declaration]
	return s.contracts.place(verdict.Contract, topic.FieldPattern, 0), from.texts[topic.FieldPattern].Pos.String(), ""
}

// RuleAllows reports whether the rule of the contract alone allows a session an action. It logs a refusal. Neither an
// external authorizer nor a hook is asked.
func (p *Policy) RuleAllows(session *router.Session, action peer.Action, uri wamp.URI) bool {
	s, ctx := p.state.Load(), context.Background()
	r := Request{Identity: session.Identity(), Session: session, Action: action, URI: uri}
	verdict, err := s.contracts.table.Authorize(ctx, topic.Request{Identity: r.Identity, Action: action, URI: uri})
	if err != nil {
		p.logRefusal(ctx, s, &r, &result{step: StepContract, verdict: verdict}, err)
	}
	return err == nil
}

// RuleAdmits is RuleAllows without a line in the log: the session has asked for nothing.
func (p *Policy) RuleAdmits(session *router.Session, action peer.Action, uri wamp.URI) bool {
	_, err := p.state.Load().contracts.table.Authorize(context.Background(), topic.Request{Identity: session.Identity(), Action: action, URI: uri})
	return err == nil
}

// Callable reports whether clients can be allowed to call a procedure: it has a contract, or
// undeclared URIs are allowed.
func (p *Policy) Callable(procedure wamp.URI) bool {
	contracts := p.state.Load().contracts
	_, ok := contracts.table.Lookup(topic.Procedure, procedure)
	return ok || contracts.options.Undeclared == topic.Allow
}

// Refused returns the number of requests that the contracts refused for a reason.
func (p *Policy) Refused(reason topic.Reason) uint64 {
	return p.state.Load().contracts.table.Refused(reason)
}

// Hooks returns the hooks with the patterns of their contracts.
func (p *Policy) Hooks() iter.Seq2[string, *hook.Hook] {
	return func(yield func(string, *hook.Hook) bool) {
		s := p.state.Load()
		for index, h := range s.hooks {
			if !yield(s.contracts.declarations[index].Pattern, h) {
				return
			}
		}
	}
}

// Interface guards.
var _ router.Authorizer = (*Policy)(nil)
