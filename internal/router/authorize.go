package router

import (
	"context"
	"errors"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Authorizer decides what a session may do. It runs on the session's reader, without a lock, and may block. A
// *[wamp.Failure] becomes the ERROR. Any other error is logged, and the client is told authorization_failed.
type Authorizer interface {
	Authorize(ctx context.Context, request Request) (peer.Decision, error)
}

// RefusalLogger is an [Authorizer] that logs refusals. The router tells it of requests that the router refuses itself
// and whose client gets no answer, because version 1 has none.
type RefusalLogger interface {
	LogRefusal(ctx context.Context, request Request, err error)
}

// Request is one question to an [Authorizer]. A pattern is allowed only if every URI that it can match is allowed.
type Request struct {
	Session *Session
	Action  peer.Action
	URI     wamp.URI
	Match   wamp.Match
	Payload wamp.Payload // of publish and call
	// Replaces reports that a registration takes the procedure from its callees, if it has some (force_reregister).
	Replaces bool
	// As reports that a publication names another sender than the session.
	As bool
}

// Authorize decides on a request of a session as for the session's own message: URI, reserved names, [Authorizer]. Only
// the goroutine that reads from the session may call it, as the Handler of a local procedure does that is not
// concurrent.
func (r *Realm) Authorize(ctx context.Context, request Request) (peer.Decision, error) {
	return request.Session.authorize(ctx, request)
}

// authorize checks the URI, refuses reserved names, and asks the Authorizer.
func (s *Session) authorize(ctx context.Context, request Request) (peer.Decision, error) {
	options := &s.realm.router.options
	asked := s.basis()
	if decision, ok := s.cached(&request); ok {
		return decision, nil
	}
	if err := request.checkName(options); err != nil {
		s.logUnanswered(ctx, request, err)
		return peer.Decision{}, err
	}
	if options.Authorizer == nil {
		s.cacheDecision(&request, peer.Decision{}, asked)
		return peer.Decision{Cacheable: true, ReplacesOthers: true}, nil
	}
	decision, err := options.Authorizer.Authorize(ctx, request)
	var failure *wamp.Failure
	if err != nil && !errors.As(err, &failure) {
		if ctx.Err() != nil { // the client has gone, no answer is needed
			return peer.Decision{}, wamp.Fail(wamp.ErrCanceled, "the client has gone")
		}
		options.Logger.Error("authorization broke", "action", request.Action.String(), "uri", string(request.URI), "error", err)
		return peer.Decision{}, wamp.Fail(wamp.ErrAuthorizationFailed, "authorization is not possible at the moment")
	}
	if err == nil && decision.Cacheable {
		s.cacheDecision(&request, decision, asked)
	}
	return decision, err
}

// checkName checks the URI, and refuses names that are reserved.
func (r *Request) checkName(options *Options) error {
	if err := r.URI.Check(options.URIs, r.Match); err != nil {
		return err
	}
	if r.Action != peer.Publish && r.Action != peer.Register {
		return nil
	}
	if pattern.MatchesFirst(r.URI, r.Match, wamp.FirstProtocol) {
		return wamp.Fail(wamp.ErrInvalidURI, "%s is reserved for the router", wamp.FirstProtocol)
	}
	if options.Authorizer == nil && pattern.MatchesFirst(r.URI, r.Match, wamp.FirstServer) {
		return wamp.Fail(wamp.ErrNotAuthorized, "%s is reserved for the server", wamp.FirstServer)
	}
	return nil
}

// logUnanswered has a refusal of the router logged, if the client's dialect has no answer to the request.
func (s *Session) logUnanswered(ctx context.Context, request Request, err error) {
	if s.Encoding() != wamp.V1JSON || request.Action == peer.Call {
		return
	}
	if log, ok := s.realm.router.options.Authorizer.(RefusalLogger); ok {
		log.LogRefusal(ctx, request, err)
	}
}
