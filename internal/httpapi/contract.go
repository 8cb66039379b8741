package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Contracts knows the URIs of contracts. An error for the backend is a *wamp.Failure.
type Contracts interface {
	// Topic returns the topic of a contract with values of its parameters.
	Topic(contract string, params map[string]string) (wamp.URI, error)
	// Procedure returns the procedure of a contract with values of its parameters.
	Procedure(contract string, params map[string]string) (wamp.URI, error)
}

// Params are the values of a contract's parameters, by name.
type Params map[string]Param

// Param is a value, which may be given as text or as an integer.
type Param string

// UnmarshalJSON reads a text or an integer.
func (p *Param) UnmarshalJSON(b []byte) error {
	var text string
	switch jsontext.Value(b).Kind() {
	case '"':
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	case '0':
		if text = string(b); strings.ContainsAny(text, ".eE") {
			return errors.New("expected text or an integer")
		}
	default:
		return errors.New("expected text or an integer")
	}
	*p = Param(text)
	return nil
}

// Schema describes a text or an integer.
func (Param) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}}, Examples: []any{"ann@example.com"}}
}

func (p Params) texts() map[string]string {
	texts := make(map[string]string, len(p))
	for name, value := range p {
		texts[name] = string(value)
	}
	return texts
}

// named is a topic or procedure of a request: its URI, or its contract with parameters.
type named struct {
	field    string // of the URI
	uri      string
	contract string
	params   Params
}

// resolve returns the URI. fill finds that of a contract.
func (n named) resolve(fill func(string, map[string]string) (wamp.URI, error)) (wamp.URI, error) {
	switch {
	case n.uri != "" && n.contract != "":
		return "", NewProblem(http.StatusUnprocessableEntity, "%s and contract are both given: send one of them", n.field)
	case n.contract == "" && n.params != nil:
		return "", NewProblem(http.StatusUnprocessableEntity, "params belong to a contract: name it in contract")
	case n.contract != "":
		return fill(n.contract, n.params.texts())
	case n.uri == "":
		return "", missing(n.field)
	}
	return wamp.URI(n.uri), nil
}

// Name returns the end of a topic behind a prefix, which a request gives as it is or by its contract. field is that of
// the request, for errors.
func (a *API) Name(prefix, field, name, contract, params string) (string, error) {
	values, err := queryParams(params)
	if err != nil {
		return "", err
	}
	return a.NameOf(prefix, field, name, contract, values)
}

// NameOf is Name with parameters that are read.
func (a *API) NameOf(prefix, field, name, contract string, params Params) (string, error) {
	uri, err := named{field, name, contract, params}.resolve(func(contract string, params map[string]string) (wamp.URI, error) {
		uri, err := a.options.Contracts.Topic(prefix+contract, params)
		if failure := (*wamp.Failure)(nil); errors.As(err, &failure) {
			return "", wamp.Fail(failure.URI, "%s", strings.ReplaceAll(failure.Message, prefix, ""))
		}
		return uri, err
	})
	return strings.TrimPrefix(string(uri), prefix), err
}

// queryParams reads parameters from a query, where they are a JSON object.
func queryParams(text string) (params Params, err error) {
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &params); err != nil {
		return nil, NewProblem(http.StatusUnprocessableEntity, `query.params: %q is not a JSON object such as {"id": 42}`, text)
	}
	return params, nil
}
