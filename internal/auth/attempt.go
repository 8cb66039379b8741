package auth

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"time"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// attemptOf returns the login as an attempt at the account of its authid.
func attemptOf(l *login) attempts.Attempt {
	a := attempts.Attempt{From: addressOf(l.Peer)}
	if l.authid != "" {
		a.Account = attempts.User(l.authid)
	}
	return a
}

// addressOf returns the address of a client, invalid if it has none.
func addressOf(peer peer.Peer) netip.Addr {
	address, err := netip.ParseAddr(peer.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address
}

// mayTry returns an error if too many logins from the address or at the account have failed. It is asked before the
// application is, and before anything is computed.
func (c *Chain) mayTry(l *login) error {
	if wait := c.options.Attempts.Wait(attemptOf(l)); wait > 0 {
		return c.limited(Method(l.method), wait)
	}
	return nil
}

func (c *Chain) limited(method Method, wait time.Duration) error {
	c.counters.count(method, Limited)
	return wamp.Fail(wamp.ErrAuthenticationFailed,
		"too many logins from this address, or as this user, have failed (limits.login_failures, limits.account_failures): try again in %d s",
		int(math.Ceil(wait.Seconds())))
}

// record counts the result of a login whose proof was checked. An error for which the server is to blame counts neither
// way.
func (c *Chain) record(l *login, err error) {
	switch {
	case err == nil:
		c.options.Attempts.Succeeded(attemptOf(l))
	case isDenied(err):
		c.options.Attempts.Failed(attemptOf(l))
	}
}

// guess counts a wrong secret that is too long to be guessed: an unknown API key, or an unknown cookie. Checking it
// cost little, so it was checked first, and only the answer differs once the address has to wait.
func (c *Chain) guess(l *login, denied error) error {
	if wait := c.options.Attempts.Reject(addressOf(l.Peer)); wait > 0 {
		return c.limited(Method(l.method), wait)
	}
	return denied
}

// answering returns the step that checks the answer to a CHALLENGE. A challenge for which the application was asked
// counts as a failed login if the client leaves without an answer: otherwise strangers could have the application asked
// as often as they like.
func (c *Chain) answering(ctx context.Context, l *login, check nextStep) nextStep {
	answered := func() bool { return true }
	if l.asked {
		answered = context.AfterFunc(ctx, func() { c.options.Attempts.Failed(attemptOf(l)) })
	}
	return func(ctx context.Context, answer *wamp.Authenticate) (peer.AuthResult, error) {
		answered()
		if err := c.mayTry(l); err != nil {
			return peer.AuthResult{}, err
		}
		result, err := check(ctx, answer)
		c.record(l, err)
		return result, err
	}
}

// nextStep checks the answer to a CHALLENGE.
type nextStep = func(context.Context, *wamp.Authenticate) (peer.AuthResult, error)

func isDenied(err error) bool {
	failure, ok := errors.AsType[*wamp.Failure](err)
	return ok && failure.URI == wamp.ErrAuthenticationDenied
}
