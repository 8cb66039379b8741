package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// renewBefore is the time from a renewal to the end of the session, enough for tries with pauses. Of a short session
	// it is a quarter.
	renewBefore = time.Minute

	procedureRenew = "tidings.session.renew"
	methodTicket   = "ticket"
)

// errNotRenewable is the error of a login that sends no secret, such as a proof that is bound to a challenge.
var errNotRenewable = errors.New("only logins by the method ticket can renew a session")

// renewIn returns the pause before the renewal of a session that lives so much longer. It is shortened at random,
// because the clients of a restarted server have logged in all at once.
func renewIn(left time.Duration) time.Duration {
	before := min(renewBefore, left/4)
	return left - before - rand.N(before/2+1)
}

// startRenewals renews the session of the link before it ends, if WELCOME says that it does. Caller must hold
// client.mu.
func (l *link) startRenewals() {
	left, ends := seconds(l.session.Details["_session_ends_in"])
	if !ends {
		return
	}
	ctx, cancel := context.WithCancel(l.client.life)
	l.endRenewals = cancel
	l.client.handlers.Go(func() { l.renewals(ctx, left) })
}

// renewals renews the session until ctx ends, or until that is of no use. Then the session ends, and the client logs in
// again.
func (l *link) renewals(ctx context.Context, left time.Duration) {
	for ends := true; ends; {
		if !sleep(ctx, max(renewIn(left), l.client.config.Reconnect.Min)) { // Min bounds what a faulty router causes
			return
		}
		var err error
		if left, ends, err = l.renewWithRetries(ctx); err != nil {
			if ctx.Err() == nil {
				l.client.config.Logger.Warn("the session could not be renewed, and ends", "error", err)
			}
			return
		}
	}
}

// renewWithRetries tries until the session is renewed, with pauses as between reconnects. A ticket may have expired on
// its way, so the first denial is no reason to give up.
func (l *link) renewWithRetries(ctx context.Context) (left time.Duration, ends bool, err error) {
	denied := false
	for try := 1; ; try++ {
		left, ends, err = l.renew(ctx)
		var answer *Error
		switch {
		case err == nil, errors.Is(err, errNotRenewable), ctx.Err() != nil:
			return left, ends, err
		case !errors.As(err, &answer), answer.Temporary(), errors.Is(answer, ErrAuthenticationFailed):
		case errors.Is(answer, ErrAuthenticationDenied) && !denied:
			denied = true
		default:
			return 0, false, err
		}
		if !sleep(ctx, l.client.config.Reconnect.pause(try)) {
			return 0, false, ctx.Err()
		}
	}
}

// renew renews the session once, and returns how long it lives then.
func (l *link) renew(ctx context.Context) (left time.Duration, ends bool, err error) {
	c := l.client
	login, err := c.login(ctx)
	if err != nil {
		return 0, false, err
	}
	if login.Answer == nil || !slices.Contains(login.Methods, methodTicket) {
		return 0, false, errNotRenewable
	}
	ticket, _, err := login.Answer(Challenge{Method: methodTicket, Extra: map[string]any{}})
	if err != nil {
		return 0, false, fmt.Errorf("get a ticket: %w", err)
	}
	payload, err := c.payload(Args(ticket))
	if err != nil {
		return 0, false, err
	}
	reply, err := l.exchange(ctx, wamp.CodeCall, func(id wamp.ID) wamp.Message {
		return &wamp.Call{Request: id, Options: wamp.Dict{}, Procedure: procedureRenew, Payload: payload}
	})
	if err != nil {
		return 0, false, wrap(err, "call", procedureRenew)
	}
	result, err := payloadFromWAMP(reply.(*wamp.Result).Payload)
	if err != nil {
		return 0, false, wrap(err, "call", procedureRenew)
	}
	l.renewed(result.Kwargs)
	left, ends = seconds(result.Kwargs["ends_in"])
	return left, ends, nil
}

// renewed records what the router says of the identity.
func (l *link) renewed(details map[string]any) {
	c := l.client
	c.mu.Lock()
	defer c.mu.Unlock()
	described := l.session.Details
	l.session.Details = make(map[string]any, len(described))
	for key, value := range described {
		l.session.Details[key] = value
	}
	for _, key := range []string{"authid", "authrole", "authmethod", "authprovider", "authextra"} {
		if value, given := details[key]; given {
			l.session.Details[key] = value
		}
	}
	if role, ok := details["authrole"].(string); ok {
		l.session.AuthRole = role
	}
	if method, ok := details["authmethod"].(string); ok {
		l.session.AuthMethod = method
	}
}

// exchange sends a request over this link, and no later one, and waits for its answer.
func (l *link) exchange(ctx context.Context, kind wamp.Code, message func(wamp.ID) wamp.Message) (wamp.Message, error) {
	c := l.client
	o, replies := awaited(outbound{message: message})
	c.mu.Lock()
	if c.link != l || c.leaving {
		c.mu.Unlock()
		return nil, ErrConnectionLost
	}
	id, err := l.requestLocked(kind, o)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.await(ctx, pendingReply{l, id, replies})
}

// longest is the longest time that is waited for.
const longest = 10 * 365 * 24 * time.Hour

// seconds reads a number of seconds that a router has sent.
func seconds(value any) (time.Duration, bool) {
	n, ok := value.(int64)
	return time.Duration(min(max(n, 0), int64(longest/time.Second))) * time.Second, ok
}

// sleep waits, and returns false if ctx ends before that.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
