package router

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/wamp"
)

// LocalProcedure is a procedure that the server itself answers.
type LocalProcedure struct {
	Procedure wamp.URI
	Match     wamp.Match
	// Handler answers a call. The caller gets a *[calls.Error] or a *[wamp.Failure] as it is; any other error is logged,
	// and the caller gets an internal error.
	Handler func(ctx context.Context, invocation LocalInvocation) (wamp.Payload, error)
	// Concurrent runs each call of a session in a goroutine of its own; Shutdown waits for it. Without Concurrent, the
	// Handler runs in the reader of the calling session, in the order of its messages, and must be quick. Realm.Call runs
	// the Handler in the goroutine that calls it either way.
	Concurrent bool
	// Hidden leaves the procedure out of every list and count. It has no registration id.
	Hidden bool
}

// LocalInvocation is a call as a Handler receives it.
type LocalInvocation struct {
	Procedure wamp.URI
	Payload   wamp.Payload
	Caller    *Session // nil: the server itself, for instance by HTTP
}

// Register makes a procedure callable, until cancel.
func (r *Realm) Register(reg LocalProcedure) (cancel func(), err error) {
	if err := reg.Procedure.Check(r.router.options.URIs, reg.Match); err != nil {
		return nil, err
	}
	added := &registration{procedure: reg.Procedure, match: reg.Match, local: &reg}
	r.dealer.registrations.Mu.Lock()
	err = r.dealer.addLocked(added)
	r.dealer.registrations.Mu.Unlock()
	if err != nil {
		return nil, err
	}
	return func() {
		r.dealer.registrations.Mu.Lock()
		defer r.dealer.registrations.Mu.Unlock()
		r.dealer.removeLocked(added)
	}, nil
}

// hidden reports whether the registration is left out of lists and counts.
func (reg *registration) hidden() bool { return reg.local != nil && reg.local.Hidden }

// callLocal runs the Handler of a component for the call of a session.
func (r *Realm) callLocal(ctx context.Context, c *call, invocation LocalInvocation) {
	reg := c.registration.local
	if !reg.Concurrent {
		c.finish(r.run(ctx, reg, invocation))
		return
	}
	ctx, cancel := context.WithCancel(r.router.running)
	if !invocation.Caller.startWork(c, cancel) {
		cancel()
		return
	}
	go func() {
		defer r.router.workers.Done()
		defer cancel()
		c.finish(r.runGuarded(ctx, reg, invocation))
	}()
}

// startWork counts a worker for the call, and assigns the call to it so that the worker ends when the caller leaves. It
// reports false if the caller has left. Once all sessions have left no worker is added, so Shutdown can wait for the
// others.
func (s *Session) startWork(c *call, cancel context.CancelFunc) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.left || !c.assign(assignment{cancel: cancel}) {
		return false
	}
	s.realm.router.workers.Add(1)
	return true
}

func (r *Realm) run(ctx context.Context, reg *LocalProcedure, invocation LocalInvocation) calls.Answer {
	payload, err := reg.Handler(ctx, invocation)
	if err != nil {
		return calls.Answer{Err: r.router.asCallError(err)}
	}
	return calls.Answer{Payload: payload}
}

// runGuarded is the first function of a worker's goroutine, so it recovers from a panic of the Handler.
func (r *Realm) runGuarded(ctx context.Context, reg *LocalProcedure, invocation LocalInvocation) (a calls.Answer) {
	defer func() {
		if fault := recover(); fault != nil {
			r.router.options.Logger.Error("a procedure panicked",
				"procedure", string(reg.Procedure), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			a = calls.Answer{Err: calls.Errorf(ErrInternal, "the procedure %s panicked on this call; the log of the server says where", reg.Procedure)}
		}
	}()
	return r.run(ctx, reg, invocation)
}
