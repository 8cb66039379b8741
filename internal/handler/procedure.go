package handler

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Caller is the part of [router.Realm] that asks procedures.
type Caller interface {
	Call(ctx context.Context, request router.CallRequest) (wamp.Payload, error)
	Callee(procedure wamp.URI) (session *router.Session, ok bool)
}

// Procedure asks whoever registered a WAMP procedure. The question is in the keyword arguments, and
// so is the answer. It is safe for concurrent use.
type Procedure struct {
	realm     Caller
	procedure wamp.URI
}

// NewProcedure makes an asker of a procedure.
func NewProcedure(realm Caller, procedure wamp.URI) *Procedure {
	return &Procedure{realm: realm, procedure: procedure}
}

// Ask implements [Asker]. A session is not asked about itself: it could not answer while it waits
// for the answer, and it would say yes.
func (p *Procedure) Ask(ctx context.Context, r *Request) (Answer, error) {
	callee, ok := p.realm.Callee(p.procedure)
	switch {
	case !ok:
		return Answer{}, fmt.Errorf("ask the procedure: nobody has registered %s", p.procedure)
	case r.Session != nil && callee == r.Session:
		return Answer{Allow: true}, nil
	}
	text, err := questionOf(r)
	if err != nil {
		return Answer{}, err
	}
	answer, err := p.Exchange(ctx, text)
	if err != nil {
		return refusalIn(err)
	}
	return answerOf(answer)
}

// Exchange asks anything that is a JSON object, as keyword arguments, and gives those of the answer.
func (p *Procedure) Exchange(ctx context.Context, question []byte) ([]byte, error) {
	payload, err := wamp.PayloadFromJSON(nil, question)
	if err != nil {
		return nil, fmt.Errorf("encode the question: %w", err)
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

// refusalIn reads a refusal that was given as an ERROR, which is how many frameworks say no.
func refusalIn(err error) (Answer, error) {
	e, ok := errors.AsType[*router.CallError](err)
	if !ok || e.URI != wamp.ErrNotAuthorized {
		return Answer{}, fmt.Errorf("ask the procedure: %w", err)
	}
	value, err := e.Payload.Value()
	if err != nil {
		return Answer{}, nil //nolint:nilerr // the refusal stands, whatever its reason was
	}
	var why string
	if err := json.Unmarshal(value, &why); err != nil {
		why = "" // no text
	}
	return Answer{Reason: why}, nil
}
