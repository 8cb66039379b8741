package policy

import (
	"slices"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Deciders returns the procedures of a configuration that the server asks for a decision: which clients log in, and
// what they may do. The callee of such a procedure has the rights of every user, and sees what users send to log in.
func Deciders(c *config.Config) []config.Text {
	var named []config.Text
	if c.Auth.Dynamic != nil {
		named = append(named, c.Auth.Dynamic.Procedure)
	}
	if c.Authorizer != nil {
		named = append(named, c.Authorizer.Procedure)
	}
	for i := range c.Topics {
		if h := c.Topics[i].Handler; h != nil {
			named = append(named, h.Procedure)
		}
	}
	return slices.DeleteFunc(named, func(procedure config.Text) bool { return procedure.Value == "" })
}

// catchesDecider reports whether a registration would answer calls of a decider.
func (b *Contracts) catchesDecider(r *Request) bool {
	return slices.ContainsFunc(b.deciders, func(procedure config.Text) bool {
		return pattern.Matches(r.URI, r.Match, wamp.URI(procedure.Value))
	})
}

// asksForLogin reports whether a request calls the procedure that knows the users. Its answer has credentials of any
// user that the call names.
func (b *Contracts) asksForLogin(r *Request) bool {
	dynamic := b.config.Auth.Dynamic
	return r.Action == peer.Call && dynamic != nil && dynamic.Procedure.Value != "" && r.URI == wamp.URI(dynamic.Procedure.Value)
}

// checkCall refuses calls of the procedure that knows the users, but from API keys that may decide, whatever rules say.
func (s *state) checkCall(r *Request) error {
	if !s.contracts.asksForLogin(r) {
		return nil
	}
	if may, isKey := s.scopesOf(r); isKey && may.has(httpapi.ScopeDecide) {
		return nil
	}
	return wamp.Fail(wamp.ErrNotAuthorized,
		"%q is reserved: its answers have the credentials of users, so only an API key with the scope %q may call it", r.URI, httpapi.ScopeDecide)
}

// checkDecider refuses registrations that would answer calls of a decider: those of all clients but the API keys that
// may decide, whatever rules say, and those that replace another registration.
func (b *Contracts) checkDecider(r *Request) error {
	if r.Action != peer.Register || !b.catchesDecider(r) {
		return nil
	}
	if r.Identity == nil || r.Identity.Key == "" {
		return wamp.Fail(wamp.ErrNotAuthorized,
			"%q is reserved: the server asks this procedure for decisions, so only an API key with the scope %q may register it", r.URI, httpapi.ScopeDecide)
	}
	if r.Replaces {
		return wamp.Fail(wamp.ErrNotAuthorized,
			"%q cannot be taken by force_reregister: the server asks this procedure for decisions; end the session that holds it, or wait until it has left", r.URI)
	}
	return nil
}
