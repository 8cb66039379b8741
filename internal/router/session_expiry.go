package router

import (
	"context"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

const textExpired = "the identity has expired: log in again"

// expireDue ends the sessions whose identity has expired. It runs in the goroutine of the timer.
func (r *Realm) expireDue() {
	for _, s := range r.expiries.TakeDue(time.Now(), nil) {
		s.client.runRecovered(s.expire)
	}
}

// expire ends the session, unless its identity was renewed meanwhile.
func (s *Session) expire() {
	if s.markExpired() {
		s.client.goodbye(wamp.CloseIdentityExpired, outbox.CloseInfo{Reason: outbox.CloseExpired, Text: textExpired})
	}
}

// markExpired makes the session one that cannot be renewed, if its identity has expired.
func (s *Session) markExpired() bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if !s.Identity().Expired(time.Now()) {
		s.watchExpiryLocked() // also if the clock was set back since
		return false
	}
	s.expired = true
	return true
}

// watchExpiryLocked makes the realm end the session when its identity expires. A session that has left is not watched.
// Caller must hold client.mu, so that the time is that of the identity also if two renewals meet.
func (s *Session) watchExpiryLocked() {
	if !s.left && s.client.session.Load() == s {
		s.realm.expiries.Set(s, s.Identity().Expires)
	}
}

// Reauthenticate gives a live session another identity of the same user, such as one that expires later or has other
// roles. Cached decisions of the session are void, and what the session holds is checked again, as by [Realm.Recheck].
// The check goes on if ctx ends: a client must not keep what it may no longer hold by canceling the request. The error
// is a [*wamp.Failure], unless the router stops.
func (s *Session) Reauthenticate(ctx context.Context, identity *peer.Identity) (peer.Rechecked, error) {
	if err := s.renew(identity); err != nil {
		return peer.Rechecked{}, err
	}
	ctx, cancel := s.realm.router.untilStop(ctx)
	defer cancel()
	return s.recheck(ctx), ctx.Err()
}

// renew replaces the identity.
func (s *Session) renew(identity *peer.Identity) error {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	before := s.Identity()
	switch {
	case s.left || s.expired:
		return wamp.Fail(wamp.ErrNoSuchSession, "the session has ended: join again")
	case !before.SameUser(identity):
		return wamp.Fail(wamp.ErrAuthenticationDenied, "the session is that of %q: join again as %q", before.ID, identity.ID)
	case identity.Expired(time.Now()):
		return wamp.Fail(wamp.ErrAuthenticationDenied, textExpired)
	}
	s.identity.Store(identity)
	if !before.Expires.Equal(identity.Expires) {
		s.watchExpiryLocked()
	}
	return nil
}
