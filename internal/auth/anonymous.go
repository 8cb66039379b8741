package auth

import (
	"crypto/rand"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
)

// defaultAnonymousRole is the role where the configuration names none, as other routers have it.
const defaultAnonymousRole = "anonymous"

// Anonymous admits clients that prove nothing. Each session is somebody of its own.
type Anonymous struct{ role string }

// NewAnonymous admits anonymous clients with the role; "" is "anonymous".
func NewAnonymous(role string) *Anonymous {
	if role == "" {
		role = defaultAnonymousRole
	}
	return &Anonymous{role: role}
}

// Identity makes an identity that no other session has and no rule over user ids can match: what a
// client asks to be called does not count.
func (a *Anonymous) Identity() *router.Identity {
	return &router.Identity{
		ID:       "anonymous-" + strings.ToLower(rand.Text()),
		Name:     "Guest",
		Roles:    []string{a.role},
		Method:   "anonymous",
		Provider: "anonymous",
	}
}
