package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// What the program around the server may do. It is trusted as the configuration is: rules say what
// others may.

// Publish publishes to a declared topic.
func (s *Server) Publish(_ context.Context, p router.Publication) (router.Receipt, error) {
	if err := p.Topic.Check(strictness(s.config.URIs), wamp.MatchExact); err != nil {
		return router.Receipt{}, err
	}
	verdict, ok := s.contracts.table.Lookup(topic.Topic, p.Topic)
	switch {
	case ok:
		if err := verdict.Contract.CheckPayload(p.Payload); err != nil {
			return router.Receipt{}, err
		}
	case s.config.Undeclared != "allow":
		return router.Receipt{}, wamp.Fail(wamp.ErrNotAuthorized, "topic %s is not declared; declare it under topics in the configuration", p.Topic)
	}
	return s.realm.Publish(p), nil
}

// Subscribers counts whom a publication to the topic would reach.
func (s *Server) Subscribers(topic wamp.URI) int { return s.realm.Subscribers(topic) }

// Call calls a procedure.
func (s *Server) Call(ctx context.Context, procedure wamp.URI, p wamp.Payload) (wamp.Payload, error) {
	return s.realm.Call(ctx, router.CallRequest{Procedure: procedure, Payload: p})
}

// ContentChanged tells who watches that content has changed.
func (s *Server) ContentChanged(ctx context.Context, c content.Change) (content.Result, error) {
	return s.content.Changed(ctx, c)
}

// IssueTicket signs a one-time ticket.
func (s *Server) IssueTicket(_ context.Context, g auth.Grant) (ticket string, expires time.Time, err error) {
	if s.tickets == nil {
		return "", time.Time{}, wamp.Fail(wamp.ErrFeatureNotSupported, "this server issues no tickets: set auth.tickets in the configuration")
	}
	return s.tickets.Issue(g)
}

// Register answers calls of a declared procedure with a function.
func (s *Server) Register(procedure wamp.URI, answer func(context.Context, router.Invocation) (wamp.Payload, error)) error {
	if _, ok := s.contracts.table.Lookup(topic.Procedure, procedure); !ok && s.config.Undeclared != "allow" {
		return fmt.Errorf("register %s: nobody could call it; declare it under procedures in the configuration", procedure)
	}
	_, err := s.realm.Register(router.Registration{Procedure: procedure, Handler: answer, Concurrent: true})
	if err != nil {
		return fmt.Errorf("register %s: %w", procedure, err)
	}
	return nil
}

// errPattern is what net/http says of a pattern that it cannot add, which it says by a panic.
var errPattern = errors.New("the pattern cannot be mounted")

// Mount serves a pattern of net/http.
func (s *Server) Mount(pattern string, h http.Handler) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("mount %q: %w: %v", pattern, errPattern, fault)
		}
	}()
	s.mux.Handle(pattern, h)
	return nil
}
