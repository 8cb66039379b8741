package router

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Authorizer decides what a session may do. It runs on the session's reader, without a lock, and may
// take its time. A *[wamp.Failure] becomes the ERROR; any other error is logged and told as
// authorization_failed.
type Authorizer interface {
	Authorize(ctx context.Context, request Request) (Decision, error)
}

// Action is what a session asks to do.
type Action uint8

// The actions that are authorized (WAMP, "Authorization").
const (
	Subscribe Action = iota
	Publish
	Call
	Register
)

// String gives the action as WAMP names it.
func (a Action) String() string {
	switch a {
	case Subscribe:
		return "subscribe"
	case Publish:
		return "publish"
	case Call:
		return "call"
	case Register:
		return "register"
	}
	return "unknown"
}

// Request is what an [Authorizer] decides on. A pattern is to be decided by everything that it can match.
type Request struct {
	Session *Session
	Action  Action
	URI     wamp.URI
	Match   wamp.Match
	Payload wamp.Payload // of publish and call
}

// Decision is what an [Authorizer] adds to its yes.
type Decision struct {
	Payload *wamp.Payload // published instead of what the session sent; nil keeps it
	// Cacheable says that the session may do the same again, with whatever payload: it is not asked
	// about that again, as long as the router remembers.
	Cacheable bool
}

// reservedWAMP is the router's own part of the name space: no client publishes or registers there.
// reservedTidings is the part of our components: there only an Authorizer can allow it.
const (
	reservedWAMP    = "wamp"
	reservedTidings = "tidings"
)

// authorize checks the URI, keeps the reserved names, and asks the Authorizer.
func (s *Session) authorize(ctx context.Context, request Request) (Decision, error) {
	options := &s.realm.router.options
	if s.isCached(&request) {
		return Decision{Cacheable: true}, nil
	}
	if err := request.URI.Check(options.URIs, request.Match); err != nil {
		return Decision{}, err
	}
	takesName := request.Action == Publish || request.Action == Register
	if takesName && pattern.MatchesFirst(request.URI, request.Match, reservedWAMP) {
		return Decision{}, wamp.Fail(wamp.ErrInvalidURI, "%s is reserved for the router", reservedWAMP)
	}
	if options.Authorizer == nil {
		if takesName && pattern.MatchesFirst(request.URI, request.Match, reservedTidings) {
			return Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "%s is reserved for the server", reservedTidings)
		}
		s.cacheDecision(&request)
		return Decision{Cacheable: true}, nil
	}
	decision, err := options.Authorizer.Authorize(ctx, request)
	var failure *wamp.Failure
	if err != nil && !errors.As(err, &failure) {
		if ctx.Err() != nil { // the client has gone and nobody hears the answer
			return Decision{}, wamp.Fail(wamp.ErrCanceled, "the client has gone")
		}
		options.Logger.Error("authorization broke", "action", request.Action.String(), "uri", string(request.URI), "error", err)
		return Decision{}, wamp.Fail(wamp.ErrAuthorizationFailed, "authorization is not possible at the moment")
	}
	if err == nil && decision.Cacheable {
		s.cacheDecision(&request)
	}
	return decision, err
}

// disclosure decides whether the session is named to who receives what it sends.
func (s *Session) disclosure(options wamp.Dict) (Disclosure, error) {
	asked, _ := options.Bool("disclose_me")
	switch policy := s.realm.router.options.Disclosure; {
	case policy == DiscloseAlways:
		return DiscloseAlways, nil
	case !asked:
		return DiscloseNever, nil
	case policy == DiscloseNever:
		return DiscloseNever, wamp.Fail(wamp.ErrOptionDisallowed, "disclose_me is not allowed here")
	}
	return DiscloseAlways, nil
}
