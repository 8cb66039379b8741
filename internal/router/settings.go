package router

import (
	"context"

	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Settings are those of the [Options] that may change while the router runs. They are replaced as a whole and never
// changed.
type Settings struct {
	Limits        meter.Limits
	TrustLevels   map[string]int     // by role; empty: calls and events carry no level
	Authenticator peer.Authenticator // nil: the identity that the transport proved, else anonymous
}

// Settings returns the current settings.
func (r *Router) Settings() Settings { return *r.settings.Load() }

// Change replaces the settings. Messages, calls and logins that have begun go on with the former ones. If the
// Authenticator is a [peer.Renewer], each session gets the identity that the new configuration gives it, or is ended.
// Change returns how many were ended. It is called by one goroutine at a time.
func (r *Router) Change(ctx context.Context, s Settings) (ended int) {
	s.Limits = s.Limits.WithDefaults()
	former := r.settings.Swap(&s)
	r.senders.Outboxes.Limit(s.Limits.OutboxFrames, s.Limits.OutboxBytes)
	r.senders.Outboxes.LimitTotal(s.Limits.OutboxTotal)
	for _, realm := range r.allRealms() {
		if announced := len(s.TrustLevels) > 0; announced != (len(former.TrustLevels) > 0) {
			realm.roles.AnnounceTrustLevels(announced)
		}
		for _, session := range realm.Sessions() {
			if !session.renewBy(ctx, s.Authenticator, former.Authenticator) {
				ended++
			}
		}
	}
	return ended
}

// limits returns the current limits of sessions.
func (r *Router) limits() *meter.Limits { return &r.settings.Load().Limits }

// renewBy gives the session the identity that an Authenticator has for it, which has taken the place of the one that
// proved it. It ends the session and returns false if there is none.
func (s *Session) renewBy(ctx context.Context, now, former peer.Authenticator) (stays bool) {
	renewer, ok := now.(peer.Renewer)
	if !ok {
		return true
	}
	before := s.Identity()
	renewed, reason := renewer.Renew(before, former)
	switch {
	case renewed == before:
		return true
	case renewed != nil:
		if _, err := s.Reauthenticate(ctx, renewed); err == nil {
			return true
		}
		reason = "the user of this session was changed: log in again"
	}
	s.client.goodbye(wamp.CloseIdentityExpired, outbox.CloseInfo{Reason: outbox.CloseExpired, Text: reason})
	return false
}
