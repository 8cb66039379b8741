package peer

import (
	"maps"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Identity describes the user or backend of a session. It is read-only once the session has joined: the session gets
// another one when it authenticates again.
type Identity struct {
	ID       string         // WAMP authid
	Name     string         // for people to read
	Roles    []string       // the first is WAMP's authrole
	Tenant   string         // "" where the application has one tenant
	Claims   map[string]any // what else the application said, for rules
	Method   string         // WAMP authmethod: how it was proved
	Provider string         // WAMP authprovider: the source of the proof
	Backend  bool           // proved by an API key: a program of the application, not a person
	Key      string         // name of that API key
	Expires  time.Time      // the session ends then, unless it is renewed; zero: never
}

// Expired reports whether the identity has expired.
func (i *Identity) Expired(now time.Time) bool { return !i.Expires.IsZero() && !now.Before(i.Expires) }

// Left returns how long a session of the identity lives from now; ends is false if it has no end.
func (i *Identity) Left(now time.Time) (left time.Duration, ends bool) {
	return max(0, i.Expires.Sub(now)), !i.Expires.IsZero()
}

// SameUser reports whether two identities are of one user or one backend.
func (i *Identity) SameUser(o *Identity) bool {
	return i.ID == o.ID && i.Tenant == o.Tenant && i.Backend == o.Backend && i.Key == o.Key
}

// Role is WAMP's authrole.
func (i *Identity) Role() string {
	if len(i.Roles) == 0 {
		return ""
	}
	return i.Roles[0]
}

// Details returns the part of WELCOME that tells a client its identity (WAMP, "Authentication"). extra is added to
// authextra.
func (i *Identity) Details(extra wamp.Dict) wamp.Dict {
	roles := make([]any, len(i.Roles))
	for n, role := range i.Roles {
		roles[n] = role
	}
	more := wamp.Dict{"name": i.Name, "roles": roles, "tenant": i.Tenant}
	maps.Copy(more, extra)
	return wamp.Dict{
		"authid":       i.ID,
		"authrole":     i.Role(),
		"authmethod":   i.Method,
		"authprovider": i.Provider,
		"authextra":    more,
	}
}
