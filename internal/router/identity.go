package router

import (
	"crypto/tls"
	"maps"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Identity describes the user or backend of a session. It is read-only once the session has joined; see
// [Session.Reauthenticate].
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

// expired reports whether the identity has expired.
func (i *Identity) expired(now time.Time) bool { return !i.Expires.IsZero() && !now.Before(i.Expires) }

// sameUser reports whether two identities are of one user or one backend.
func (i *Identity) sameUser(o *Identity) bool {
	return i.ID == o.ID && i.Tenant == o.Tenant && i.Backend == o.Backend && i.Key == o.Key
}

// Role is WAMP's authrole.
func (i *Identity) Role() string {
	if len(i.Roles) == 0 {
		return ""
	}
	return i.Roles[0]
}

// Peer describes the remote end, as the transport sees it.
type Peer struct {
	RemoteAddr string
	Origin     string
	UserAgent  string
	TLS        bool
	Identity   *Identity // proved during the handshake already; nil if not
	Cookie     string    // what a browser is known by from one connection to the next; "" if by nothing
	// Connection is there if TLS ends here, and until the session is opened: it holds what a login can be
	// bound to, and the client's certificate.
	Connection *tls.ConnectionState
}

// details returns the part of WELCOME that tells a client its identity (WAMP, "Authentication").
func (i *Identity) details(more wamp.Dict) wamp.Dict {
	roles := make([]any, len(i.Roles))
	for n, role := range i.Roles {
		roles[n] = role
	}
	extra := wamp.Dict{"name": i.Name, "roles": roles, "tenant": i.Tenant}
	maps.Copy(extra, more)
	return wamp.Dict{
		"authid":       i.ID,
		"authrole":     i.Role(),
		"authmethod":   i.Method,
		"authprovider": i.Provider,
		"authextra":    extra,
	}
}
