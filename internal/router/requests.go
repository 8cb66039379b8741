package router

import (
	"context"
	"errors"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// reservedWAMP is the router's own part of the name space: no client publishes or registers there.
// reservedTidings is the part of our components: there only an Authorizer can allow it.
const (
	reservedWAMP    = "wamp"
	reservedTidings = "tidings"
)

// subscribe handles SUBSCRIBE.
func (s *Session) subscribe(ctx context.Context, m *wamp.Subscribe) error {
	request := Request{Session: s, Action: Subscribe, URI: m.Topic, Match: m.Options.Match()}
	if _, err := s.authorize(ctx, request); err != nil {
		s.reply(m, err)
		return nil
	}
	s.reply(m, s.realm.broker.subscribe(s, m))
	return nil
}

// authorize checks the URI, keeps the reserved names, and asks the Authorizer.
func (s *Session) authorize(ctx context.Context, request Request) (Decision, error) {
	options := &s.realm.router.options
	if s.granted(&request) {
		return Decision{Standing: true}, nil
	}
	if err := request.URI.Check(options.URIs, request.Match); err != nil {
		return Decision{}, err
	}
	takesName := request.Action == Publish || request.Action == Register
	if takesName && touches(request.URI, request.Match, reservedWAMP) {
		return Decision{}, wamp.Fail(wamp.ErrInvalidURI, "%s is reserved for the router", reservedWAMP)
	}
	if options.Authorizer == nil {
		if takesName && touches(request.URI, request.Match, reservedTidings) {
			return Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "%s is reserved for the server", reservedTidings)
		}
		s.grant(&request)
		return Decision{Standing: true}, nil
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
	if err == nil && decision.Standing {
		s.grant(&request)
	}
	return decision, err
}

// touches reports whether the URI, or something that the pattern matches, has that first component.
func touches(uri wamp.URI, match wamp.Match, first string) bool {
	component, _, more := strings.Cut(string(uri), ".")
	switch match {
	case wamp.MatchPrefix:
		if more {
			return component == first
		}
		return strings.HasPrefix(first, component)
	case wamp.MatchWildcard:
		return component == first || component == ""
	default:
		return component == first
	}
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

// reply sends ERROR for a request that failed; nil was answered already.
func (s *Session) reply(request wamp.Message, err error) {
	if err == nil {
		return
	}
	refusal := wamp.Error{RequestType: request.Code(), Request: requestID(request), Details: wamp.Dict{}}
	refusal.Error, refusal.Payload = s.explain(err)
	s.realm.router.counters.refusals.Add(1)
	s.client.send(&refusal)
}

// explain turns an error into what the client may see of it, in the client's serialization.
func (s *Session) explain(err error) (wamp.URI, wamp.Payload) {
	var failure *wamp.Failure
	if !errors.As(err, &failure) {
		s.realm.router.options.Logger.Error("a request failed", "error", err)
		failure = wamp.Fail(ErrInternal, "the server failed on this request")
	}
	return failure.URI, s.text(failure.Message)
}

// text is a payload of one string. It cannot fail; if it does, the URI alone must do.
func (s *Session) text(message string) wamp.Payload {
	if message == "" {
		return wamp.Payload{}
	}
	payload, err := wamp.NewPayload([]any{message}, nil)
	if err != nil {
		return wamp.Payload{}
	}
	payload, err = payload.In(s.Encoding().Serialization())
	if err != nil {
		return wamp.Payload{}
	}
	return payload
}

func requestID(message wamp.Message) wamp.ID {
	switch m := message.(type) {
	case *wamp.Subscribe:
		return m.Request
	case *wamp.Unsubscribe:
		return m.Request
	case *wamp.Publish:
		return m.Request
	case *wamp.Register:
		return m.Request
	case *wamp.Unregister:
		return m.Request
	case *wamp.Call:
		return m.Request
	}
	return 0
}
