package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The methods for the program around the server. The program is trusted as the configuration is: rules apply to
// clients only.

// Publish publishes to a declared topic.
func (s *Server) Publish(ctx context.Context, p router.Publication) (router.Receipt, error) {
	return s.publish(ctx, policy.Request{Program: true}, p)
}

// publish publishes if the policy allows it. by holds the source of the publication.
func (s *Server) publish(ctx context.Context, by policy.Request, p router.Publication) (router.Receipt, error) {
	if err := s.realm.CheckKept(&p); err != nil {
		return router.Receipt{}, err
	}
	by.Action, by.URI, by.Match, by.Payload, by.As = peer.Publish, p.Topic, wamp.MatchExact, p.Payload, p.Sender != nil
	decision, err := s.policy.Decide(ctx, by)
	if err != nil {
		return router.Receipt{}, err
	}
	if p.Sender, err = decision.Sender(by.Identity, p.Sender); err != nil {
		return router.Receipt{}, err
	}
	if decision.Payload != nil {
		p.Payload = *decision.Payload
	}
	return s.realm.Publish(p)
}

// Handle lets functions of the program decide on the topics of a contract. It fails once Run was called.
func (s *Server) Handle(pattern string, functions hook.Functions) error {
	return s.policy.Handle(pattern, functions)
}

// Subscribers counts the sessions that a publication to the topic would reach.
func (s *Server) Subscribers(topic wamp.URI) int { return s.realm.Subscribers(topic) }

// Call calls a procedure.
func (s *Server) Call(ctx context.Context, procedure wamp.URI, p wamp.Payload) (wamp.Payload, error) {
	return s.realm.Call(ctx, router.CallRequest{Procedure: procedure, Payload: p})
}

// IssueTicket signs a one-time ticket.
func (s *Server) IssueTicket(_ context.Context, g auth.Grant) (ticket string, expires time.Time, err error) {
	return issueTicket(s.current.Load(), g)
}

func issueTicket(by *snapshot, g auth.Grant) (ticket string, expires time.Time, err error) {
	if by.tickets == nil {
		return "", time.Time{}, wamp.Fail(wamp.ErrFeatureNotSupported, "this server issues no tickets: set auth.tickets in the configuration")
	}
	return by.tickets.Issue(g)
}

// Register answers calls of a declared procedure with a function, until cancel.
func (s *Server) Register(procedure wamp.URI, answer func(context.Context, router.LocalInvocation) (wamp.Payload, error)) (cancel func(), err error) {
	if !s.policy.Callable(procedure) {
		return nil, fmt.Errorf("register %s: no client could call it; declare it under procedures in the configuration", procedure)
	}
	cancel, err = s.realm.Register(router.LocalProcedure{Procedure: procedure, Handler: answer, Concurrent: true})
	if err != nil {
		return nil, fmt.Errorf("register %s: %w", procedure, err)
	}
	return cancel, nil
}

// Subscribe calls handler for the publications that match, until cancel.
func (s *Server) Subscribe(topic wamp.URI, match wamp.Match, handler func(router.LocalEvent)) (cancel func(), err error) {
	return s.realm.Subscribe(topic, match, handler)
}

// Selection selects sessions.
type Selection = policy.Selection

// Invalidate asks again what the selected sessions may hold.
func (s *Server) Invalidate(ctx context.Context, selected Selection) (peer.Rechecked, error) {
	return s.policy.Invalidate(ctx, selected)
}

// Sessions returns the sessions of the realm, in no order.
func (s *Server) Sessions() []*router.Session { return s.realm.Sessions() }

// Session returns a session of the realm.
func (s *Server) Session(id wamp.ID) (*router.Session, bool) { return s.realm.Session(id) }

// ServeEmbedded answers a request that the HTTP server of a program passes on. Unlike ServeHTTP it may be called at any
// time.
func (s *Server) ServeEmbedded(w http.ResponseWriter, r *http.Request) {
	switch {
	case !s.isReady():
		unavailable(w, "the server has not started yet")
	case s.stopped.Load():
		unavailable(w, "the server has stopped")
	default:
		s.ServeHTTP(w, r)
	}
}

func (s *Server) isReady() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

func unavailable(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "1")
	httpapi.NewProblem(http.StatusServiceUnavailable, "%s: try again", why).Write(w)
}

// errPattern wraps the panic of net/http for a pattern that it cannot add.
var errPattern = errors.New("the pattern cannot be mounted")

// Mount serves a pattern of net/http.
func (s *Server) Mount(pattern string, h http.Handler) (err error) {
	if function, ok := h.(http.HandlerFunc); h == nil || ok && function == nil {
		return fmt.Errorf("mount %q: the handler is nil", pattern)
	}
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("mount %q: %w: %v", pattern, errPattern, fault)
		}
	}()
	s.mux.Handle(pattern, h)
	return nil
}
