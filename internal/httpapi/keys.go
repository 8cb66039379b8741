package httpapi

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/text"
)

// Keys holds the API keys.
type Keys interface {
	// Verify returns the name and the scopes of a key.
	Verify(key string) (name string, scopes []string, ok bool)
}

// Scope is a permission of an API key. The configuration lists it under the key's "may".
type Scope string

// The scopes of the router's own operations. Each operation needs one; features have their own.
const (
	ScopePublish  Scope = "publish"
	ScopeCall     Scope = "call"
	ScopeTickets  Scope = "tickets"
	ScopeTopics   Scope = "topics"
	ScopeSessions Scope = "sessions"
	ScopeReload   Scope = "reload"
)

// The scopes of WAMP sessions, which no operation needs.
const (
	ScopeSubscribe       Scope = "subscribe"
	ScopeRegister        Scope = "register"
	ScopePublishAs       Scope = "publish_as"       // to name a user as the sender of a publication
	ScopeForceReregister Scope = "force_reregister" // to take a procedure from sessions of others
	ScopeDecide          Scope = "decide"           // to register the procedures that decide on logins and requests
)

// EveryScope stands for all scopes in a key's list.
const EveryScope = "*"

// Scopes lists the scopes of the router's own operations, in the order of the documentation.
func Scopes() []Scope {
	return []Scope{ScopePublish, ScopeCall, ScopeTickets, ScopeTopics, ScopeSessions, ScopeReload}
}

// Authenticate returns the name and the scopes of the key that a request carries, or the problem to
// answer with.
func (a *API) Authenticate(r *http.Request) (name string, scopes []string, problem *Problem) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", nil, unauthorized("", "this needs an API key: send the header Authorization: Bearer <key>")
	}
	scheme, key, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", nil, unauthorized("invalid_request", "the header Authorization must be of the form: Bearer <key>")
	}
	from := a.options.RemoteAddr(r)
	name, scopes, ok := a.options.Keys.Verify(strings.TrimSpace(key))
	if !ok {
		if wait := a.options.Attempts.Reject(from); wait > 0 {
			return "", nil, tooManyFailures(wait)
		}
		detail := "no such API key: see api_keys in the configuration of the server"
		if flaw := text.SecretFlaw(strings.TrimSpace(key)); flaw != "" {
			detail += "; the key that was sent " + flaw
		}
		return "", nil, unauthorized("invalid_token", detail)
	}
	if wait := a.options.Attempts.Accept(attempts.Attempt{From: from, Account: attempts.Key(name)}); wait > 0 {
		return "", nil, tooManyFailures(wait)
	}
	return name, scopes, nil
}

// authorize authenticates a request, checks that its key has the scope, and that its body is not encoded.
func (a *API) authorize(r *http.Request, need Scope) (name string, problem *Problem) {
	name, scopes, problem := a.Authenticate(r)
	if problem != nil {
		return "", problem
	}
	if !slices.Contains(scopes, string(need)) && !slices.Contains(scopes, EveryScope) {
		p := NewProblem(http.StatusForbidden, "the API key %q lacks the scope %q: add it to the key's list \"may\" in the configuration", name, need)
		p.Scope = string(need)
		p.header = http.Header{"Www-Authenticate": {`Bearer realm="tidings", error="insufficient_scope", scope="` + string(need) + `"`}}
		return "", p
	}
	return name, checkEncoding(r)
}

// tooManyFailures returns the answer to an address that waits, the same for correct and wrong keys.
func tooManyFailures(wait time.Duration) *Problem {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	p := NewProblem(http.StatusTooManyRequests, "too many logins from this address have failed (limits.login_failures): try again in %s s", seconds)
	p.header = http.Header{"Retry-After": {seconds}}
	return p
}

func unauthorized(code, detail string) *Problem {
	p := NewProblem(http.StatusUnauthorized, "%s", detail)
	challenge := `Bearer realm="tidings"`
	if code != "" {
		challenge += `, error="` + code + `"`
	}
	p.header = http.Header{"Www-Authenticate": {challenge}}
	return p
}

// requester holds what the context of an operation knows of its request.
type requester struct {
	key     string
	address netip.Addr
}

type requesterKey struct{}

// Address returns the address that the request of an operation came from, seen through proxies.
func Address(ctx context.Context) netip.Addr {
	from, _ := ctx.Value(requesterKey{}).(requester)
	return from.address
}

// KeyName returns the name of the API key that the request of an operation carried.
func KeyName(ctx context.Context) string {
	from, _ := ctx.Value(requesterKey{}).(requester)
	return from.key
}

const scopeMetadata = "scope"

// admit authorizes the requests of the operations that huma serves.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	need, _ := ctx.Operation().Metadata[scopeMetadata].(Scope)
	name, problem := a.authorize(r, need)
	if problem != nil {
		problem.Write(w)
		return
	}
	next(huma.WithValue(ctx, requesterKey{}, requester{name, a.options.RemoteAddr(r)}))
}

// admitPlain authorizes the requests of plain handlers, as admit does for huma's.
func (a *API) admitPlain(need Scope, serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, problem := a.authorize(r, need)
		if problem != nil {
			problem.Write(w)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), requesterKey{}, requester{name, a.options.RemoteAddr(r)}))
		if err := serve(w, r); err != nil {
			a.problemOf(r.Context(), err).Write(w)
		}
	}
}
