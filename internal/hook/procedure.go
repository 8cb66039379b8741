package hook

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Caller calls procedures of a realm.
type Caller interface {
	Call(ctx context.Context, request router.CallRequest) (wamp.Payload, error)
	Callee(procedure wamp.URI) (session *router.Session, ok bool)
}

// Procedure asks the callee of a WAMP procedure. The keyword arguments of the call carry the query,
// those of the result the decision. It is safe for concurrent use.
type Procedure struct {
	realm     Caller
	procedure wamp.URI
}

// NewProcedure returns a decider that calls a procedure.
func NewProcedure(realm Caller, procedure wamp.URI) *Procedure {
	return &Procedure{realm: realm, procedure: procedure}
}

// Decide implements [Decider]. It allows the requests of the callee itself without a call: the
// callee cannot answer while it waits for the decision.
func (p *Procedure) Decide(ctx context.Context, q *Query) (Decision, error) {
	callee, ok := p.realm.Callee(p.procedure)
	switch {
	case !ok:
		return Decision{}, fmt.Errorf("ask the procedure: no session has registered %s", p.procedure)
	case q.Session != nil && callee == q.Session:
		return Decision{Allow: true}, nil
	}
	text, err := encodeQuery(q)
	if err != nil {
		return Decision{}, err
	}
	answer, err := p.Exchange(ctx, text)
	if err != nil {
		return refusalIn(err)
	}
	return decodeDecision(answer)
}

// Exchange calls the procedure with the members of a JSON object as keyword arguments. It returns
// the keyword arguments of the result.
func (p *Procedure) Exchange(ctx context.Context, query []byte) ([]byte, error) {
	payload, err := wamp.PayloadFromJSON(nil, query)
	if err != nil {
		return nil, fmt.Errorf("encode the query: %w", err)
	}
	result, err := p.realm.Call(ctx, router.CallRequest{Procedure: p.procedure, Payload: payload})
	if err != nil {
		return nil, err
	}
	if result, err = result.In(wamp.JSON); err != nil {
		return nil, fmt.Errorf("decode the answer: %w", err)
	}
	if result.Kwargs == nil {
		return nil, errors.New(`decode the answer: it has no keyword arguments, such as "allow"`)
	}
	return result.Kwargs, nil
}

// refusalIn returns the refusal that an ERROR with not_authorized stands for. Many frameworks refuse
// by an ERROR.
func refusalIn(err error) (Decision, error) {
	e, ok := errors.AsType[*calls.Error](err)
	if !ok || e.URI != wamp.ErrNotAuthorized {
		return Decision{}, fmt.Errorf("ask the procedure: %w", err)
	}
	value, err := e.Payload.Value()
	if err != nil {
		return Decision{}, nil //nolint:nilerr // a refusal without a readable reason is a refusal
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		text = "" // the first argument is not a string
	}
	return Decision{Reason: text}, nil
}
