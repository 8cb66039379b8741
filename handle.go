package tidings

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Identity is who asks.
type Identity struct {
	ID      string // the user's id, or the name of the API key
	Name    string
	Roles   []string
	Tenant  string
	Claims  map[string]any
	Backend bool // logged in with an API key
}

// Request is what a handler decides on.
type Request struct {
	Topic    string
	Params   map[string]string // the values of the pattern's parameters
	Identity Identity
	Session  uint64  // 0: the request came by the HTTP API
	Payload  Payload // of a publication
}

// Handlers decide on what the contract's rules have already allowed. Each may be nil. They run on
// the connection of whoever asks: they must be quick, and must end when ctx does.
type Handlers struct {
	// Subscribe allows a subscription by returning nil, and refuses it with the error of [Refuse].
	Subscribe func(ctx context.Context, r *Request) error
	// Publish does the same for a publication. The payload that it returns, unless that is nil, is
	// published instead of the client's.
	Publish func(ctx context.Context, r *Request) (*Payload, error)
}

// Handle answers for the topics of a contract. pattern is the contract's, exactly as the
// configuration has it. Call it before Run.
func (s *Server) Handle(pattern string, h Handlers) error {
	var inner hook.Functions
	if h.Subscribe != nil {
		inner.Subscribe = func(ctx context.Context, r *hook.Query) error {
			request, err := requestOf(r)
			if err != nil {
				return err
			}
			return refusalOf(h.Subscribe(ctx, request))
		}
	}
	if h.Publish != nil {
		inner.Publish = func(ctx context.Context, r *hook.Query) (*wamp.Payload, error) {
			request, err := requestOf(r)
			if err != nil {
				return nil, err
			}
			replacement, err := h.Publish(ctx, request)
			if err != nil || replacement == nil {
				return nil, refusalOf(err)
			}
			payload, err := replacement.inner()
			return &payload, err
		}
	}
	return s.inner.Handle(pattern, inner)
}

// refusalOf translates a refusal into the server's kind of it; a failure stays as it is.
func refusalOf(err error) error {
	var refused *Error
	if errors.As(err, &refused) {
		return hook.Refused(refused.Message)
	}
	return err
}

func requestOf(r *hook.Query) (*Request, error) {
	made := &Request{Topic: string(r.Topic), Params: r.Params, Identity: identityOf(r.Identity)}
	if r.Session != nil {
		made.Session = uint64(r.Session.ID())
	}
	var err error
	made.Payload, err = outer(r.Payload)
	return made, err
}

func identityOf(i *router.Identity) Identity {
	if i == nil {
		return Identity{}
	}
	return Identity{ID: i.ID, Name: i.Name, Roles: i.Roles, Tenant: i.Tenant, Claims: i.Claims, Backend: i.Backend}
}

// Invocation is a call of a procedure that the program registered.
type Invocation struct {
	Procedure string
	Payload   Payload
	Caller    Identity // the zero Identity: the program itself
	Session   uint64   // 0: the call came by the HTTP API, or from the program itself
}

// Register answers calls of a procedure. What fn returns is the result; an [*Error] is what the
// caller gets instead, and any other error is told without its text. Each call has a goroutine of
// its own; Run waits for them. Call it before Run.
func (s *Server) Register(procedure string, fn func(ctx context.Context, call *Invocation) (Payload, error)) error {
	return s.inner.Register(wamp.URI(procedure), func(ctx context.Context, in router.Invocation) (wamp.Payload, error) {
		call := &Invocation{Procedure: string(in.Procedure)}
		if in.Caller != nil {
			call.Caller, call.Session = identityOf(in.Caller.Identity()), uint64(in.Caller.ID())
		}
		var err error
		if call.Payload, err = outer(in.Payload); err != nil {
			return wamp.Payload{}, err
		}
		result, err := fn(ctx, call)
		if err != nil {
			return wamp.Payload{}, calleeError(err)
		}
		return result.inner()
	})
}

// calleeError translates an [*Error] into what the router passes on to the caller.
func calleeError(err error) error {
	var chosen *Error
	if !errors.As(err, &chosen) {
		return err
	}
	carried := chosen.Payload
	if chosen.Message != "" && len(carried.Args) == 0 {
		carried.Args = []any{chosen.Message}
	}
	payload, err := carried.inner()
	if err != nil {
		return err
	}
	return &router.CallError{URI: wamp.URI(chosen.URI), Payload: payload}
}
