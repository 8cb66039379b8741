package router

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Registration is a procedure that the server itself answers.
type Registration struct {
	Procedure wamp.URI
	Match     wamp.Match // exact only, as yet
	// Handler answers. A *[CallError] or a *[wamp.Failure] is told to the caller, any other error is
	// logged and told as an internal one.
	Handler func(ctx context.Context, invocation Invocation) (wamp.Payload, error)
	// Concurrent runs each call of a session in a goroutine of its own, which Shutdown waits for.
	// Without it the Handler runs in the caller's reader: in the caller's order, and it must be quick.
	// Realm.Call runs it in its caller's goroutine either way.
	Concurrent bool
}

// Invocation is a call as a Handler sees it.
type Invocation struct {
	Procedure wamp.URI
	Payload   wamp.Payload
	Caller    *Session // nil: the server itself, for instance by HTTP
}

// Register makes a procedure callable, until cancel.
func (r *Realm) Register(reg Registration) (cancel func(), err error) {
	if reg.Match != wamp.MatchExact {
		return nil, fmt.Errorf("register %q: match %s is not supported", reg.Procedure, reg.Match)
	}
	if err := reg.Procedure.Check(r.router.options.URIs, reg.Match); err != nil {
		return nil, err
	}
	added := &registration{procedure: reg.Procedure, local: &reg}
	r.dealer.mu.Lock()
	err = r.dealer.addLocked(added)
	r.dealer.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return func() { r.dealer.drop(added) }, nil
}

// callLocal lets a component answer the call of a session.
func (r *Realm) callLocal(ctx context.Context, reg *Registration, c *call, invocation Invocation) {
	if !reg.Concurrent {
		c.finish(r.run(ctx, reg, invocation))
		return
	}
	ctx, cancel := context.WithCancel(r.router.running)
	if !invocation.Caller.work(c, cancel) {
		cancel()
		return
	}
	go func() {
		defer r.router.workers.Done()
		defer cancel()
		c.finish(r.runGuarded(ctx, reg, invocation))
	}()
}

// work counts a worker for the call and lets the caller's leaving end it; false if it has left. Once
// all sessions have left no worker is added, so Shutdown can wait for those that are.
func (s *Session) work(c *call, cancel context.CancelFunc) bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.left || !c.assign(asked{cancel: cancel}) {
		return false
	}
	s.realm.router.workers.Add(1)
	return true
}

func (r *Realm) run(ctx context.Context, reg *Registration, invocation Invocation) answer {
	payload, err := reg.Handler(ctx, invocation)
	if err != nil {
		return answer{err: r.router.asCallError(err)}
	}
	return answer{payload: payload}
}

// runGuarded is run at the edge of a goroutine of its own, where nobody else would recover.
func (r *Realm) runGuarded(ctx context.Context, reg *Registration, invocation Invocation) (a answer) {
	defer func() {
		if fault := recover(); fault != nil {
			r.router.options.Logger.Error("a procedure panicked",
				"procedure", string(reg.Procedure), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			a = answer{err: callError(ErrInternal, "the server failed on this call")}
		}
	}()
	return r.run(ctx, reg, invocation)
}

// CallRequest is a call from inside the server.
type CallRequest struct {
	Procedure wamp.URI
	Payload   wamp.Payload
	Caller    *Session // on whose behalf; told to a local Handler, and never to a callee
}

// Call asks whoever registered the procedure and waits for the answer. It is trusted: no Authorizer
// is asked. The error is a *[CallError], or a *[wamp.Failure] if nobody was asked or ctx ended first.
func (r *Realm) Call(ctx context.Context, request CallRequest) (wamp.Payload, error) {
	began := time.Now()
	reg := r.dealer.find(request.Procedure)
	if reg == nil {
		return wamp.Payload{}, noSuchProcedure(request.Procedure)
	}
	defer r.router.called(began)
	if reg.local != nil {
		a := r.run(ctx, reg.local, Invocation(request))
		return a.result()
	}
	c := &call{reply: make(chan answer, 1)}
	r.invoke(reg, c, outgoing{payload: request.Payload})
	select {
	case a := <-c.reply:
		return a.result()
	case <-ctx.Done():
		c.finish(answer{err: callEnded(ctx)}) // or the answer that came at the same time
		return (<-c.reply).result()
	}
}

func callEnded(ctx context.Context) *CallError {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return callError(wamp.ErrTimeout, "the callee did not answer in time")
	}
	return callCanceled("the caller gave up")
}

func (a answer) result() (wamp.Payload, error) {
	if a.err != nil {
		return wamp.Payload{}, a.err
	}
	return a.payload, nil
}

// Callee tells who would be asked: a session, or nil and true for the server itself.
func (r *Realm) Callee(procedure wamp.URI) (*Session, bool) {
	reg := r.dealer.find(procedure)
	if reg == nil {
		return nil, false
	}
	return reg.callee, true
}

// Procedures lists what is registered, sorted.
func (r *Realm) Procedures() []wamp.URI {
	r.dealer.mu.RLock()
	defer r.dealer.mu.RUnlock()
	all := make([]wamp.URI, 0, len(r.dealer.exact))
	for procedure := range r.dealer.exact {
		all = append(all, procedure)
	}
	slices.Sort(all)
	return all
}
