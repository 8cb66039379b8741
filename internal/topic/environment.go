package topic

import (
	"github.com/tidings-io/tidings/internal/router/peer"
)

// environment holds the variables of a rule. The tags are their names.
type environment struct {
	Identity  identity          `expr:"identity"`
	Params    map[string]string `expr:"params"`
	Topic     string            `expr:"topic"`
	Procedure string            `expr:"procedure"`
	Backend   bool              `expr:"backend"`
	Anonymous bool              `expr:"anonymous"`

	// Of a publication or a call, for a rule that reads them.
	Payload any            `expr:"payload"`
	Args    []any          `expr:"args"`
	Kwargs  map[string]any `expr:"kwargs"`
}

// identity is the part of [peer.Identity] that a rule can read. It leaves out the method of
// authentication: a rule that reads the method ties the application to one login. The variables
// backend and anonymous are the exceptions.
type identity struct {
	ID     string         `expr:"id"`
	Name   string         `expr:"name"`
	Role   string         `expr:"role"`
	Roles  []string       `expr:"roles"`
	Tenant string         `expr:"tenant"`
	Claims map[string]any `expr:"claims"`
}

var identityFields = []string{"id", "name", "role", "roles", "tenant", "claims"}

// methodAnonymous is the WAMP authmethod of a session without credentials.
const methodAnonymous = "anonymous"

// environmentOf returns the variables for a request. A request without an identity is anonymous.
func environmentOf(r *Request, params map[string]string) *environment {
	e := &environment{Params: params, Anonymous: true}
	if kindOf(r.Action) == Topic {
		e.Topic = string(r.URI)
	} else {
		e.Procedure = string(r.URI)
	}
	if i := r.Identity; i != nil {
		e.Identity = identity{i.ID, i.Name, i.Role(), i.Roles, i.Tenant, i.Claims}
		e.Backend = i.Backend
		e.Anonymous = i.Method == methodAnonymous
	}
	return e
}

// nameOf returns the name of an identity in a refusal.
func nameOf(i *peer.Identity) string {
	switch {
	case i == nil || i.Method == methodAnonymous:
		return "an anonymous session"
	case i.Backend:
		return "API key " + i.Key
	case i.Role() == "":
		return i.ID
	default:
		return i.ID + " (role " + i.Role() + ")"
	}
}
