package client

import (
	"context"
	"errors"
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Invocation is one call of a registered procedure.
type Invocation struct {
	Payload

	// Procedure that was called, also when the registration is for a pattern.
	Procedure string
	// Caller is the session of the caller, with its user and role, if disclosed.
	Caller         uint64
	CallerAuthID   string
	CallerAuthRole string
	// Progressive reports that the caller accepts progressive results; see [Invocation.Progress].
	Progressive bool
	// Details holds all details of the invocation.
	Details map[string]any

	link *link
	id   wamp.ID
}

// Progress sends a part of the result before the procedure returns. It does nothing unless the caller accepts
// progressive results. It blocks while the outgoing queue is full. An error reports that the call has ended.
func (i *Invocation) Progress(ctx context.Context, part Payload) error {
	if !i.Progressive {
		return nil
	}
	l := i.link
	body, err := l.client.payload(part)
	if err != nil {
		return wrap(err, "send a part of the result of", i.Procedure)
	}
	if err := l.out.wait(ctx, l.gone); err != nil {
		return wrap(err, "send a part of the result of", i.Procedure)
	}
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	if l.client.link != l || l.invocations[i.id] == nil {
		return wrap(errNobodyWaits, "send a part of the result of", i.Procedure)
	}
	return l.putLocked(&wamp.Yield{Request: i.id, Options: wamp.Dict{"progress": true}, Payload: body})
}

var errNobodyWaits = errors.New("nobody waits for it any more")

// Procedure answers calls. Its context ends when the caller cancels or the connection is lost. An
// [*Error] reaches the caller as it is, any other error as "wamp.error.runtime_error" with its text.
type Procedure func(ctx context.Context, call *Invocation) (Payload, error)

// RegisterOptions change how a procedure is registered.
type RegisterOptions struct {
	// Match is how the URI matches procedures.
	Match Match
	// Invoke lets several clients register the procedure, and selects the client that answers a call. All must
	// name the same policy. A client with too many running calls passes a call on to the next.
	Invoke InvokePolicy
	// ThisSession ends the registration with the session; it is not restored after a reconnect.
	ThisSession bool
}

// Registration is a procedure that this client answers.
type Registration struct {
	client    *Client
	uri       string
	options   RegisterOptions
	procedure Procedure
	lifecycle

	id       wamp.ID // in the current session; guarded by client.mu
	canceled bool    // guarded by client.mu
}

// Register answers calls of the procedure until Unregister, and is restored after a reconnect. It returns once the
// router has accepted it. A refusal after a reconnect is handled as by [Client.Subscribe]. Each invocation runs in a
// goroutine of its own.
func (c *Client) Register(ctx context.Context, uri string, procedure Procedure, options *RegisterOptions) (*Registration, error) {
	r := &Registration{client: c, uri: uri, procedure: procedure, lifecycle: newLifecycle()}
	if options != nil {
		r.options = *options
	}
	setDefault(&r.options.Match, MatchExact)
	if err := r.check(ctx); err != nil {
		return nil, wrap(err, "register", uri)
	}
	c.mu.Lock()
	if err := c.closedLocked(); err != nil {
		c.mu.Unlock()
		return nil, wrap(err, "register", uri)
	}
	if c.wantsLocked(r) { // the router would merge the two, and one of them would get no calls
		c.mu.Unlock()
		taken := &Error{URI: string(wamp.ErrProcedureAlreadyExists), Message: "this client has registered it already"}
		return nil, wrap(taken, "register", uri)
	}
	c.registrations = append(c.registrations, r)
	if c.link != nil {
		c.link.registerLocked(r)
	}
	c.mu.Unlock()
	if err := r.wait(ctx); err != nil {
		r.cancel(nil)
		return nil, wrap(err, "register", uri)
	}
	return r, nil
}

func (r *Registration) check(ctx context.Context) error {
	switch {
	case ctx == nil:
		return errNoContext
	case r.procedure == nil:
		return errors.New("the procedure's function is nil")
	case r.uri == "" && r.options.Match == MatchExact:
		return errNoURI
	}
	return r.options.Match.check()
}

// Unregister ends the registration and returns once the router has confirmed it. Running invocations continue.
func (r *Registration) Unregister(ctx context.Context) error {
	if ctx == nil {
		return errNoContext
	}
	answer := make(chan error, 1)
	r.cancel(answer)
	select {
	case err := <-answer:
		return wrap(err, "unregister", r.uri)
	case <-ctx.Done():
		return wrap(ctx.Err(), "unregister", r.uri)
	}
}

// cancel ends the registration. answer, if not nil, gets the router's answer.
func (r *Registration) cancel(answer chan error) {
	c := r.client
	c.mu.Lock()
	defer c.mu.Unlock()
	r.canceled = true
	r.finishLocked(nil)
	c.forgetLocked(r)
	if l := c.link; l == nil || !l.unregisterLocked(r, answer) {
		tell(answer, nil)
	}
}

// wantsLocked reports whether an equal registration is wanted. Caller must hold mu.
func (c *Client) wantsLocked(r *Registration) bool {
	return slices.ContainsFunc(c.registrations, func(other *Registration) bool {
		return other.uri == r.uri && other.options.Match == r.options.Match
	})
}

func (c *Client) forgetLocked(r *Registration) {
	c.registrations = slices.DeleteFunc(c.registrations, func(other *Registration) bool { return other == r })
}

func (o *RegisterOptions) dict() wamp.Dict {
	d := matchOptions(o.Match)
	if o.Invoke != "" {
		d["invoke"] = string(o.Invoke)
	}
	return d
}

// registerLocked sends REGISTER. Caller must hold client.mu.
func (l *link) registerLocked(r *Registration) {
	r.id = 0
	settle := func(m wamp.Message, err error) { l.registeredLocked(r, m, err) }
	_, err := l.requestLocked(wamp.CodeRegister, outbound{
		message: func(id wamp.ID) wamp.Message {
			return &wamp.Register{Request: id, Options: r.options.dict(), Procedure: wamp.URI(r.uri)}
		},
		settle: settle,
	})
	if err != nil {
		settle(nil, err)
	}
}

func (l *link) registeredLocked(r *Registration, m wamp.Message, err error) {
	if isLost(err) {
		return // still wanted: the next session asks again
	}
	registered, ok := m.(*wamp.Registered)
	if !ok {
		if !r.canceled && r.laterLocked(l, err, func() { l.registerLocked(r) }) {
			return
		}
		l.client.forgetLocked(r)
		r.finishLocked(err)
		return
	}
	if r.canceled && l.client.wantsLocked(r) {
		return // for the router this is the registration that was requested since
	}
	r.id = registered.Registration
	l.registrations[r.id] = r
	if r.canceled { // canceled while REGISTER was under way
		l.unregisterLocked(r, nil)
		return
	}
	r.settleLocked()
}

// unregisterLocked sends UNREGISTER if the router has accepted the registration in this session. It reports whether
// answer will be sent to. Caller must hold client.mu.
func (l *link) unregisterLocked(r *Registration, answer chan error) bool {
	if l.registrations[r.id] != r {
		return false
	}
	delete(l.registrations, r.id)
	_, err := l.requestLocked(wamp.CodeUnregister, outbound{
		message: func(id wamp.ID) wamp.Message { return &wamp.Unregister{Request: id, Registration: r.id} },
		settle:  func(_ wamp.Message, err error) { tell(answer, err) },
	})
	if err != nil {
		tell(answer, err)
	}
	return true
}

// revokeRegistration ends a registration that the router has revoked.
func (l *link) revokeRegistration(details wamp.Dict) {
	id, _ := details.ID("registration") // without an id there is no registration to end
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := l.registrations[id]; r != nil {
		delete(l.registrations, id)
		c.forgetLocked(r)
		r.finishLocked(revocation(details))
	}
}
