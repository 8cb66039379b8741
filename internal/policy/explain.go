package policy

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
)

// Step is one part of the policy that decides, in the order in which the parts are asked.
type Step uint8

// The steps.
const (
	StepURI      Step = iota // the form of the URI
	StepScope                // the scopes of the API key
	StepDecider              // that a procedure which decides is registered or called
	StepContract             // the rules and the schema of the contract
	StepExternal             // the external authorizer
	StepHook                 // the hook of the contract
	StepRouter               // the router's own limits
)

var stepNames = [...]string{"uri", "scope", "decider", "contract", "authorizer", "handler", "router"}

func (s Step) String() string { return stepNames[s] }

// Reason says what decided on a request.
type Reason struct {
	Step     Step              // the last step, which allowed or refused the request
	Place    string            // of the field in the configuration, such as "content: order.{id:int}: watch"
	Contract string            // the pattern of the contract; "" if none governs the URI
	Field    string            // of the contract: pattern, subscribe, publish, call, register or schema
	Rule     string            // the text of the rule, the file of the schema, or the scope that the key needs
	Pos      config.Pos        // of the field in the configuration; zero if the server declared the contract
	Params   map[string]string // the parameters that the rule could read; read-only
	Identity *peer.Identity    // the identity that the rule could read; nil for an unknown client
}

// LogValue implements [slog.LogValuer]. It leaves out the claims of the identity.
func (r Reason) LogValue() slog.Value {
	attributes := []slog.Attr{slog.String("step", r.Step.String())}
	for _, a := range []slog.Attr{
		slog.String("place", r.Place), slog.String("position", r.Pos.String()), slog.String("rule", r.Rule),
	} {
		if a.Value.String() != "" {
			attributes = append(attributes, a)
		}
	}
	if len(r.Params) > 0 {
		attributes = append(attributes, slog.Any("params", r.Params))
	}
	if r.Identity != nil {
		attributes = append(attributes, slog.String("user", r.Identity.ID), slog.Any("roles", r.Identity.Roles))
	}
	return slog.GroupValue(attributes...)
}

// Explanation is a decision with its reason.
type Explanation struct {
	Refusal   error // nil if the request is allowed
	Reason    Reason
	Cacheable bool      // the decision holds for the next request of this kind, whatever its payload
	Until     time.Time // how long a cacheable decision holds; zero: until the contracts change
}

// Explain decides on a request as [Policy.Decide] does, and says why. It asks hooks and the external
// authorizer, and counts as a request.
func (p *Policy) Explain(ctx context.Context, r Request) Explanation {
	s := cmp.Or(r.Basis.state, p.state.Load())
	if err := r.URI.Check(p.options.URIs, r.Match); err != nil {
		return Explanation{Refusal: err, Reason: s.reason(&r, &result{step: StepURI})}
	}
	found, err := p.askReported(ctx, s, &r)
	return Explanation{
		Refusal: err, Reason: s.reason(&r, &found),
		Cacheable: err == nil && found.decision.Cacheable, Until: found.decision.Until,
	}
}

// reason returns the reason of a result.
func (s *state) reason(r *Request, found *result) Reason {
	reason := Reason{Step: found.step, Identity: r.Identity, Params: found.verdict.Params}
	if found.step == StepScope {
		reason.Rule = string(found.missing)
	}
	contract := found.verdict.Contract
	if contract == nil {
		return reason
	}
	field := found.verdict.Field
	reason.Contract, reason.Field = contract.Pattern.String(), field.String()
	reason.Place = s.contracts.place(contract, field, r.Action)
	if schema := contract.Schema(); field == topic.FieldSchema && schema != nil {
		reason.Rule = schema.Path()
	} else if rule := contract.Rule(r.Action); rule != nil {
		reason.Rule = rule.String()
	}
	reason.Pos = s.contracts.origins[contract.Declaration].text(field).Pos
	return reason
}
