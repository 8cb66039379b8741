// Package routertest lets the tests of components speak WAMP to a router without a network: a realm where everything
// is allowed, and a client that joins with any identity. Routing runs in the goroutine of the client that sends, so
// what a step has caused can be read as soon as the step is over.
//
// The package is for tests only. It never sleeps, so it works in testing/synctest.
package routertest

import (
	"context"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// Realm returns a router and its one realm, which accepts every identity that [Join] names and allows everything.
func Realm() (*router.Router, *router.Realm) {
	r := router.New(router.Options{Authorizer: everything{}})
	return r, r.AddRealm("app")
}

// everything allows everything, also below tidings., which a router without an Authorizer keeps from clients.
type everything struct{}

func (everything) Authorize(context.Context, router.Request) (peer.Decision, error) {
	return peer.Decision{}, nil
}

// Person returns the identity of a user of the application.
func Person(id string) *peer.Identity {
	return &peer.Identity{ID: id, Name: "Mx " + id, Roles: []string{"staff"}, Method: "ticket", Provider: "test"}
}

// Backend returns the identity of a program of the application.
func Backend(id string) *peer.Identity {
	return &peer.Identity{ID: id, Roles: []string{"backend"}, Method: "ticket", Provider: "test", Backend: true, Key: id}
}
