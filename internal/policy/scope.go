package policy

import (
	"slices"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Scopes knows the scopes of API keys.
type Scopes interface {
	Scopes(key string) (scopes []string, ok bool)
}

// checkScope refuses a request of an API key that lacks the scope. A session needs the same scopes as
// the HTTP API: a key that may only issue tickets must not publish over WebSocket.
func (p *Policy) checkScope(r *Request, need httpapi.Scope) error {
	if need == "" {
		return nil
	}
	scopes, _ := p.options.Keys.Scopes(r.Identity.Key)
	if slices.Contains(scopes, string(need)) || slices.Contains(scopes, "*") {
		return nil
	}
	return wamp.Fail(wamp.ErrNotAuthorized, "the API key %q lacks the scope %q: add it to the key's list \"may\" in the configuration", r.Identity.Key, need)
}

// scope returns the scope that the API key of a request needs, or "" if only the rule decides.
func (b *Contracts) scope(r *Request) httpapi.Scope {
	if r.Identity == nil || r.Identity.Key == "" {
		return ""
	}
	var need httpapi.Scope
	kind := topic.Topic
	switch r.Action {
	case router.Publish:
		need = httpapi.ScopePublish
	case router.Call:
		need, kind = httpapi.ScopeCall, topic.Procedure
	case router.Subscribe, router.Register:
		return ""
	}
	if verdict, ok := b.table.Lookup(kind, r.URI); ok {
		if own := b.origins[verdict.Contract.Declaration].scope; own != "" {
			return own
		}
	}
	return need
}
