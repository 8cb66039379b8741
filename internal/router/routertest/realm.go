// Package routertest lets the tests of components speak WAMP to a router without a network: a realm
// where everything is allowed, and a client that joins it as whom the test likes. Routing runs in the
// goroutine of whoever sends, so what a step has caused can be read as soon as the step is over.
//
// It is for tests only: nothing else imports it. It never sleeps, so it works in testing/synctest.
package routertest

import (
	"context"

	"github.com/tidings-io/tidings/internal/router"
)

// Realm gives a router and its one realm, which believes whom [Join] names and allows everything.
func Realm() (*router.Router, *router.Realm) {
	r := router.New(router.Options{Authorizer: everything{}})
	return r, r.AddRealm("app")
}

// everything is allowed, also below the names that no client gets where nobody is asked.
type everything struct{}

func (everything) Authorize(context.Context, router.Request) (router.Decision, error) {
	return router.Decision{}, nil
}

// Person is a user of the application.
func Person(id string) *router.Identity {
	return &router.Identity{ID: id, Name: "Mx " + id, Roles: []string{"staff"}, Method: "ticket", Provider: "test"}
}

// Backend is a program of the application.
func Backend(id string) *router.Identity {
	return &router.Identity{ID: id, Roles: []string{"backend"}, Method: "ticket", Provider: "test", Backend: true, Key: id}
}
