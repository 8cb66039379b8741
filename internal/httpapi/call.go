package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// The time that a call may take. The default is below the minute after which proxies usually give up. The
// maximum bounds the time that a request can hold its connection.
const (
	DefaultCallTimeout = 30 * time.Second
	MaxCallTimeout     = 5 * time.Minute
)

// Caller calls procedures for a backend.
type Caller interface {
	// Call calls the procedure if its contract allows that. by is the name of the backend's API key. An
	// error for the backend is a *wamp.Failure, an error of the callee a *calls.Error.
	Call(ctx context.Context, by string, procedure wamp.URI, payload wamp.Payload) (wamp.Payload, error)
}

type (
	// CallRequest names a procedure and its arguments.
	CallRequest struct {
		Procedure string `json:"procedure,omitempty" doc:"The procedure to call. Give this or contract." example:"erp.stock.reserve" minLength:"1"`
		Contract  string `json:"contract,omitempty" doc:"The contract of the procedure by its pattern, as the configuration has it, or with its parameters without types; instead of procedure." example:"erp.{customer}.reserve"`
		Params    Params `json:"params,omitempty" doc:"The values of the contract's parameters, by name: text or integers. The server encodes what cannot stand in a URI."`
		Args      Array  `json:"args,omitempty" doc:"The arguments, in order."`
		Kwargs    Object `json:"kwargs,omitempty" doc:"The named arguments."`
		Timeout   string `json:"timeout,omitempty" doc:"How long to wait, as a duration; at most 5m." example:"5s" default:"30s"`
	}
	// CallResult is the result of the procedure.
	CallResult struct {
		Args   Array  `json:"args" doc:"The result, in order; empty if the procedure gave none."`
		Kwargs Object `json:"kwargs" doc:"The named parts of the result; empty if there are none."`
	}
	callInput  struct{ Body CallRequest }
	callOutput struct{ Body CallResult }
)

func (a *API) addCall() {
	Register(a, Operation{
		Scope:       ScopeCall,
		Method:      http.MethodPost,
		Path:        "call",
		ID:          "call",
		Summary:     "Call a procedure",
		Description: "Calls a procedure that a client has registered, or one of the server's own, and waits for the result. An error of the procedure itself is 422 with its URI in error and what it carried in args and kwargs.",
		Errors:      []int{http.StatusNotFound, http.StatusBadGateway, http.StatusGatewayTimeout},
		Request:     JSON(`{"procedure":"demo.echo","args":["hello"],"timeout":"5s"}`),
	}, a.call)
}

func (a *API) call(ctx context.Context, in *callInput) (*callOutput, error) {
	timeout, err := callTimeout(in.Body.Timeout)
	if err != nil {
		return nil, err
	}
	procedure, err := named{"procedure", in.Body.Procedure, in.Body.Contract, in.Body.Params}.resolve(a.options.Contracts.Procedure)
	if err != nil {
		return nil, err
	}
	carried, err := payload(in.Body.Args, in.Body.Kwargs)
	if err != nil {
		return nil, NewProblem(http.StatusUnprocessableEntity, "the payload: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, err := a.options.Caller.Call(ctx, KeyName(ctx), procedure, carried)
	if err != nil {
		return nil, err
	}
	var out callOutput
	out.Body.Args, out.Body.Kwargs, err = jsonPayload(result)
	return &out, err
}

func callTimeout(text string) (time.Duration, error) {
	if text == "" {
		return DefaultCallTimeout, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > MaxCallTimeout {
		return 0, NewProblem(http.StatusUnprocessableEntity, "body.timeout: %q is not a duration from 1ms to %s, such as 5s", text, MaxCallTimeout)
	}
	return d, nil
}
