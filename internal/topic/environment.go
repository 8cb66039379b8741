package topic

import (
	"github.com/tidings-io/tidings/internal/router"
)

// environment is what a rule can see. The tags are its vocabulary; names lists it for messages.
type environment struct {
	Identity  identity          `expr:"identity"`
	Params    map[string]string `expr:"params"`
	Topic     string            `expr:"topic"`
	Procedure string            `expr:"procedure"`
	Backend   bool              `expr:"backend"`
	Anonymous bool              `expr:"anonymous"`
}

// identity is the part of [router.Identity] that rules are about. How it was proved is left out, but
// for backend and anonymous: a rule that asks for more ties the application to one login.
type identity struct {
	ID     string         `expr:"id"`
	Name   string         `expr:"name"`
	Role   string         `expr:"role"`
	Roles  []string       `expr:"roles"`
	Tenant string         `expr:"tenant"`
	Claims map[string]any `expr:"claims"`
}

var identityFields = []string{"id", "name", "role", "roles", "tenant", "claims"}

// methodAnonymous is the WAMP authmethod of those who proved nothing.
const methodAnonymous = "anonymous"

// environmentOf is what rules see of a request. No identity at all is nobody, so also anonymous.
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

// who names an identity in a refusal.
func who(i *router.Identity) string {
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
