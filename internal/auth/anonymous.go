package auth

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/tidings-io/tidings/internal/router/peer"
)

// defaultAnonymousRole is used if the configuration names no role; other routers use the same.
const defaultAnonymousRole = "anonymous"

// anonymousMethod is the method "anonymous".
var anonymousMethod = method{methodAnonymous, func(o *ChainOptions) bool { return o.Anonymous != nil }, (*Chain).beginAnonymous, false}

// Anonymous admits clients without proof. Each session has an identity of its own.
type Anonymous struct{ role string }

// NewAnonymous returns an Anonymous that gives clients the role, or "anonymous" if role is empty.
func NewAnonymous(role string) *Anonymous {
	if role == "" {
		role = defaultAnonymousRole
	}
	return &Anonymous{role: role}
}

// Identity returns an identity that no other session has. The authid that the client asks for is ignored, so that
// no rule over user ids can match.
func (a *Anonymous) Identity() *peer.Identity {
	return &peer.Identity{
		ID:       "anonymous-" + strings.ToLower(rand.Text()),
		Name:     "Guest",
		Roles:    []string{a.role},
		Method:   "anonymous",
		Provider: providerAnonymous,
	}
}

func (c *Chain) beginAnonymous(context.Context, *login) (peer.AuthResult, error) {
	c.counters.count(MethodAnonymous, Accepted)
	return peer.AuthResult{Identity: c.options.Anonymous.Identity()}, nil
}
