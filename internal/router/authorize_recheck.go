package router

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// recheckWorkers bounds the questions to the Authorizer that are open at once. It is below what a webhook answers at a
// time by default, so that requests of clients are decided meanwhile.
const recheckWorkers = 16

// Recheck asks the Authorizer about each subscription and registration that a session holds, and revokes those that it
// refuses. Where the Authorizer fails (authorization_failed) nothing is revoked. Recheck returns early, with the error
// of ctx, when ctx ends. A session that joins or subscribes meanwhile is checked, too, if [Realm.ForgetDecisions] was
// called before. Must not be called by the reader of a client.
func (r *Realm) Recheck(ctx context.Context) (peer.Rechecked, error) {
	return r.recheckAll(ctx, r.Sessions())
}

// Invalidate makes the cached decisions of the sessions void whose identities match, and then does for these sessions
// what Recheck does. It goes on if ctx ends, and returns early only when the router stops. Must not be called by the
// reader of a client.
func (r *Realm) Invalidate(ctx context.Context, matches func(*peer.Identity) bool) (peer.Rechecked, error) {
	sessions := slices.DeleteFunc(r.Sessions(), func(s *Session) bool { return !matches(s.Identity()) })
	for _, s := range sessions {
		s.forgetDecisions()
	}
	ctx, cancel := r.router.untilStop(ctx)
	defer cancel()
	return r.recheckAll(ctx, sessions)
}

// untilStop returns a context with the values of ctx that ends when the router stops.
func (r *Router) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(r.running, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

func (r *Realm) recheckAll(ctx context.Context, sessions []*Session) (peer.Rechecked, error) {
	var mu sync.Mutex // guards total
	var total peer.Rechecked
	queue.Each(ctx, recheckWorkers, sessions, func(s *Session) {
		s.client.runRecovered(func() {
			n := s.recheck(ctx)
			mu.Lock()
			defer mu.Unlock()
			total = total.Plus(n)
		})
	})
	return total, ctx.Err()
}

// recheck is Recheck for one session.
func (s *Session) recheck(ctx context.Context) peer.Rechecked {
	c := s.client
	c.mu.Lock()
	memberships, registrations := slices.Clone(s.memberships), slices.Clone(s.registrations)
	c.mu.Unlock()
	n := peer.Rechecked{Sessions: 1}
	for _, m := range memberships {
		info := m.subscription.info
		n = n.Plus(s.recheckOne(ctx, Request{Session: s, Action: peer.Subscribe, URI: info.Topic, Match: info.Match}, func(why *wamp.Failure) {
			s.realm.revokeSubscription(s, info.ID, *why)
		}))
	}
	for _, held := range registrations {
		reg := held.registration
		n = n.Plus(s.recheckOne(ctx, Request{Session: s, Action: peer.Register, URI: reg.procedure, Match: reg.match}, func(why *wamp.Failure) {
			s.realm.revokeRegistration(s, reg.id, *why)
		}))
	}
	s.drainObserverCalls()
	return n
}

// recheckSince checks what the session holds again if a decision rests on a basis that has changed. A recheck that ran
// meanwhile may not have seen what the session holds now.
func (s *Session) recheckSince(ctx context.Context, asked peer.Basis) {
	if asked != s.basis() {
		s.recheck(ctx)
	}
}

// recheckOne asks about one subscription or registration, and revokes it if the Authorizer refuses. The session is told
// what a new request would be told.
func (s *Session) recheckOne(ctx context.Context, request Request, revoke func(why *wamp.Failure)) peer.Rechecked {
	options := &s.realm.router.options
	if ctx.Err() != nil || options.Authorizer == nil {
		return peer.Rechecked{}
	}
	_, err := options.Authorizer.Authorize(ctx, request)
	var failure *wamp.Failure
	switch {
	case err == nil:
		return peer.Rechecked{Kept: 1}
	case !errors.As(err, &failure), failure.URI == wamp.ErrAuthorizationFailed, failure.URI == wamp.ErrCanceled, failure.URI == ErrInternal:
		if ctx.Err() == nil {
			options.Logger.Warn("a recheck has no decision", "action", request.Action.String(), "uri", string(request.URI),
				"session", uint64(s.id), "error", err)
		}
		return peer.Rechecked{Undecided: 1}
	}
	revoke(failure)
	return peer.Rechecked{Revoked: 1}
}
