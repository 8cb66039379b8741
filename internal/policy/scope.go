package policy

import (
	"slices"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Scopes knows the scopes of API keys.
type Scopes interface {
	Scopes(key string) (scopes []string, ok bool)
}

// keyScopes are the scopes of the API key of a request. The zero value has none.
type keyScopes []string

func (may keyScopes) has(scope httpapi.Scope) bool {
	return slices.Contains(may, string(scope)) || slices.Contains(may, httpapi.EveryScope)
}

// scopesOf returns the scopes of the API key of a request; isKey is false if the request has no key, and only rules
// decide.
func (s *state) scopesOf(r *Request) (may keyScopes, isKey bool) {
	if r.Identity == nil || r.Identity.Key == "" {
		return nil, false
	}
	may, _ = s.keys.Scopes(r.Identity.Key)
	return may, true
}

// checkScopes refuses a request of an API key that lacks a scope, and returns that scope. A session needs the same
// scopes as the HTTP API: a key that may only issue tickets must not publish over WebSocket.
func (s *state) checkScopes(r *Request) (missing httpapi.Scope, err error) {
	may, isKey := s.scopesOf(r)
	if !isKey && r.As && !r.Program {
		return "", wamp.Fail(wamp.ErrNotAuthorized, "only an API key with the scope %q may name another sender", httpapi.ScopePublishAs)
	}
	if !isKey {
		return "", nil
	}
	if missing = s.contracts.missing(r, may); missing == "" {
		if !r.As || may.has(httpapi.ScopePublishAs) {
			return "", nil
		}
		missing = httpapi.ScopePublishAs
	}
	return missing, wamp.Fail(wamp.ErrNotAuthorized,
		"the API key %q lacks the scope %q: add it to the key's list \"may\" in the configuration", r.Identity.Key, missing)
}

// actionScopes are the scopes for URIs whose contract names no scope of its own.
var actionScopes = [...]httpapi.Scope{
	peer.Subscribe: httpapi.ScopeSubscribe, peer.Publish: httpapi.ScopePublish,
	peer.Call: httpapi.ScopeCall, peer.Register: httpapi.ScopeRegister,
}

// missing returns a scope that a request needs and the key lacks, or "". A pattern needs the scope of its action, and
// those of all contracts that it can match.
func (b *Contracts) missing(r *Request, may keyScopes) httpapi.Scope {
	if r.Match == wamp.MatchExact {
		if need := b.scope(r); !may.has(need) {
			return need
		}
		return ""
	}
	if need := actionScopes[r.Action]; !may.has(need) {
		return need
	}
	if r.Action == peer.Register && b.catchesDecider(r) && !may.has(httpapi.ScopeDecide) {
		return httpapi.ScopeDecide
	}
	for c := range b.table.Met(kindOf(r.Action), r.URI, r.Match) {
		if own := b.origins[c.Declaration].scope; own != "" && !may.has(own) {
			return own
		}
	}
	return ""
}

// scope returns the scope that the API key of a request for one URI needs.
func (b *Contracts) scope(r *Request) httpapi.Scope {
	if r.Action == peer.Register && b.catchesDecider(r) {
		return httpapi.ScopeDecide
	}
	if verdict, ok := b.table.Lookup(kindOf(r.Action), r.URI); ok {
		if own := b.origins[verdict.Contract.Declaration].scope; own != "" {
			return own
		}
	}
	return actionScopes[r.Action]
}

func kindOf(action peer.Action) topic.Kind {
	if action == peer.Call || action == peer.Register {
		return topic.Procedure
	}
	return topic.Topic
}
