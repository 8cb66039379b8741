package server

import (
	"context"
	"log/slog"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// visits logs at the level debug how sessions come and go, and what they subscribe to.
type visits struct{ logger *slog.Logger }

// on reports whether the lines are written. A session that comes or subscribes costs no line while they are not.
func (v visits) on() bool { return v.logger.Enabled(context.Background(), slog.LevelDebug) }

// of returns a logger whose lines name a session.
func (v visits) of(s *router.Session) *slog.Logger {
	return v.logger.With("session", uint64(s.ID()), "user", s.Identity().ID, "address", s.Address())
}

// Joined implements [router.Observer].
func (v visits) Joined(s *router.Session) {
	if v.on() {
		v.of(s).Debug("session joined", "method", s.Identity().Method, "roles", s.Identity().Roles,
			"encoding", s.Encoding().Subprotocol(), "user_agent", s.Peer().UserAgent)
	}
}

// Left implements [router.Observer].
func (v visits) Left(s *router.Session) {
	if v.on() {
		v.of(s).Debug("session left", "reason", s.Reason().String())
	}
}

// Subscribed implements [router.Observer].
func (v visits) Subscribed(s *router.Session, held wamp.Subscription) {
	if v.on() {
		v.of(s).Debug("subscribed", "topic", string(held.Topic), "match", held.Match.String())
	}
}

// Unsubscribed implements [router.Observer].
func (v visits) Unsubscribed(s *router.Session, held wamp.Subscription) {
	if v.on() {
		v.of(s).Debug("unsubscribed", "topic", string(held.Topic), "match", held.Match.String())
	}
}

// Interface guards.
var _ router.Observer = visits{}
