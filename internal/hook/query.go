package hook

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// wireQuery is the encoded form of a [Query]: the body of a POST, or the keyword arguments of a call.
// Its members are documented for users. Members may be added, never removed.
type wireQuery struct {
	Action   string            `json:"action"`
	Topic    wamp.URI          `json:"topic"`
	Match    string            `json:"match,omitempty"` // prefix or wildcard; absent for exact
	Contract string            `json:"contract"`
	Params   map[string]string `json:"params"`
	Identity wireIdentity      `json:"identity"`
	Session  wamp.ID           `json:"session,omitzero"`
	Args     jsontext.Value    `json:"args,omitempty"`
	Kwargs   jsontext.Value    `json:"kwargs,omitempty"`
}

type wireIdentity struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Role    string         `json:"role"`
	Roles   []string       `json:"roles"`
	Tenant  string         `json:"tenant"`
	Claims  map[string]any `json:"claims"`
	Method  string         `json:"method"`
	Backend bool           `json:"backend"`
}

// encodeQuery returns the JSON form of a query.
func encodeQuery(q *Query) ([]byte, error) {
	payload, err := q.Payload.In(wamp.JSON)
	if err != nil {
		return nil, fmt.Errorf("encode the payload: %w", err)
	}
	wire := wireQuery{
		Action: q.Action.String(), Topic: q.Topic, Contract: q.Contract, Params: q.Params,
		Identity: wireIdentityOf(q.Identity), Args: payload.Args, Kwargs: payload.Kwargs,
	}
	if q.Match != wamp.MatchExact {
		wire.Match = q.Match.String()
	}
	if q.Session != nil {
		wire.Session = q.Session.ID()
	}
	text, err := json.Marshal(&wire, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the query: %w", err)
	}
	return text, nil
}

func wireIdentityOf(i *peer.Identity) wireIdentity {
	if i == nil {
		return wireIdentity{}
	}
	return wireIdentity{i.ID, i.Name, i.Role(), i.Roles, i.Tenant, i.Claims, i.Method, i.Backend}
}

// wireDecision is the encoded form of a [Decision].
type wireDecision struct {
	Allow  *bool          `json:"allow"`
	Reason string         `json:"reason"`
	Args   jsontext.Value `json:"args"`
	Kwargs jsontext.Value `json:"kwargs"`
	Cache  float64        `json:"cache"` // seconds
}

// maxCacheSeconds keeps a huge number from overflowing time.Duration. It is far above the longest
// time that the configuration accepts.
const maxCacheSeconds = 1e6

// decodeDecision decodes the answer of a webhook or a procedure. It ignores unknown members.
func decodeDecision(text []byte) (Decision, error) {
	var wire wireDecision
	if err := json.Unmarshal(text, &wire); err != nil {
		return Decision{}, fmt.Errorf("decode the answer: %w", err)
	}
	if wire.Allow == nil {
		return Decision{}, errors.New(`decode the answer: it lacks "allow": true or false`)
	}
	decision := Decision{Allow: *wire.Allow, Reason: wire.Reason}
	if wire.Cache > 0 {
		decision.Cache = time.Duration(min(wire.Cache, maxCacheSeconds) * float64(time.Second))
	}
	args, kwargs := withoutNull(wire.Args), withoutNull(wire.Kwargs)
	if wire.Kwargs.Kind() == '[' && len(bytes.TrimSpace(kwargs[1:len(kwargs)-1])) == 0 {
		kwargs = nil // an empty list: PHP has one form for it and an empty map
	}
	if !decision.Allow || args == nil && kwargs == nil {
		return decision, nil
	}
	payload, err := wamp.PayloadFromJSON(args, kwargs)
	if err != nil {
		return Decision{}, fmt.Errorf("decode the answer: %w", err)
	}
	decision.Payload = &payload
	return decision, nil
}

// withoutNull returns nil for the value null. Some languages send null for an absent member.
func withoutNull(value jsontext.Value) []byte {
	if value.Kind() == 'n' {
		return nil
	}
	return value
}
