package handler

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// question is a [Request] as webhooks and procedures get it: the body of a POST, or the keyword
// arguments of a call. What it holds is documented for users; it may grow, never shrink.
type question struct {
	Action   string            `json:"action"`
	Topic    wamp.URI          `json:"topic"`
	Match    string            `json:"match,omitempty"` // of a pattern: prefix or wildcard
	Contract string            `json:"contract"`
	Params   map[string]string `json:"params"`
	Identity person            `json:"identity"`
	Session  wamp.ID           `json:"session,omitzero"`
	Args     jsontext.Value    `json:"args,omitempty"`
	Kwargs   jsontext.Value    `json:"kwargs,omitempty"`
}

type person struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Role    string         `json:"role"`
	Roles   []string       `json:"roles"`
	Tenant  string         `json:"tenant"`
	Claims  map[string]any `json:"claims"`
	Method  string         `json:"method"`
	Backend bool           `json:"backend"`
}

// questionOf encodes a request.
func questionOf(r *Request) ([]byte, error) {
	payload, err := r.Payload.In(wamp.JSON)
	if err != nil {
		return nil, fmt.Errorf("encode the payload: %w", err)
	}
	q := question{
		Action: r.Action.String(), Topic: r.Topic, Contract: r.Contract, Params: r.Params,
		Identity: personOf(r.Identity), Args: payload.Args, Kwargs: payload.Kwargs,
	}
	if r.Match != wamp.MatchExact {
		q.Match = r.Match.String()
	}
	if r.Session != nil {
		q.Session = r.Session.ID()
	}
	text, err := json.Marshal(&q, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the question: %w", err)
	}
	return text, nil
}

func personOf(i *router.Identity) person {
	if i == nil {
		return person{}
	}
	return person{i.ID, i.Name, i.Role(), i.Roles, i.Tenant, i.Claims, i.Method, i.Backend}
}

// reply is an [Answer] as webhooks and procedures give it.
type reply struct {
	Allow  *bool          `json:"allow"`
	Reason string         `json:"reason"`
	Args   jsontext.Value `json:"args"`
	Kwargs jsontext.Value `json:"kwargs"`
	Cache  float64        `json:"cache"` // seconds
}

// maxCacheSeconds keeps a number that is not a time from overflowing one. It is far above what a
// configuration allows.
const maxCacheSeconds = 1e6

// answerOf decodes a reply. Members that it does not know are ignored.
func answerOf(text []byte) (Answer, error) {
	var r reply
	if err := json.Unmarshal(text, &r); err != nil {
		return Answer{}, fmt.Errorf("decode the answer: %w", err)
	}
	if r.Allow == nil {
		return Answer{}, errors.New(`decode the answer: it lacks "allow": true or false`)
	}
	answer := Answer{Allow: *r.Allow, Reason: r.Reason}
	if r.Cache > 0 {
		answer.Cache = time.Duration(min(r.Cache, maxCacheSeconds) * float64(time.Second))
	}
	args, kwargs := present(r.Args), present(r.Kwargs)
	if !answer.Allow || args == nil && kwargs == nil {
		return answer, nil
	}
	payload, err := wamp.PayloadFromJSON(args, kwargs)
	if err != nil {
		return Answer{}, fmt.Errorf("decode the answer: %w", err)
	}
	answer.Payload = &payload
	return answer, nil
}

// present gives nil for a member that is null, which languages without absence send.
func present(value jsontext.Value) []byte {
	if value.Kind() == 'n' {
		return nil
	}
	return value
}
