package tidings

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Identity is the user or backend behind a request.
type Identity struct {
	ID      string // the user's id, or the name of the API key
	Name    string
	Roles   []string
	Tenant  string
	Claims  map[string]any
	Backend bool // logged in with an API key
}

// Request is one request that a handler decides on.
type Request struct {
	Topic    string
	Params   map[string]string // the values of the pattern's parameters
	Identity Identity
	Session  uint64  // 0: the request came by the HTTP API
	Payload  Payload // of a publication
}

// Handlers decide on requests that the rules of the contract have allowed. Each may be nil. They run on the reader of
// the client's connection: they must return soon, and must return when ctx ends.
type Handlers struct {
	// Subscribe allows a subscription by returning nil, and refuses it by returning the error of [Refuse].
	Subscribe func(ctx context.Context, r *Request) error
	// Publish does the same for a publication. If it returns a payload, that is published instead of the client's.
	Publish func(ctx context.Context, r *Request) (*Payload, error)
}

// Handle sets the handlers of the topics of a contract. pattern is that of the contract, exactly as in the
// configuration. It returns an error once Run was called.
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
			payload, err := encode(*replacement)
			return &payload, err
		}
	}
	return s.inner.Handle(pattern, inner)
}

// refusalOf turns the error of [Refuse] into the server's type of refusal. Any other error stays as it is.
func refusalOf(err error) error {
	var refused *Error
	if errors.As(err, &refused) && refused != nil {
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
	made.Payload, err = decode(r.Payload)
	return made, err
}

func identityOf(i *peer.Identity) Identity {
	if i == nil {
		return Identity{}
	}
	return Identity{ID: i.ID, Name: i.Name, Roles: i.Roles, Tenant: i.Tenant, Claims: i.Claims, Backend: i.Backend}
}
