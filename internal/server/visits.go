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

// of returns what each line says of a session.
func of(s *router.Session) slog.Attr {
	return slog.GroupAttrs("",
		slog.Uint64("session", uint64(s.ID())), slog.String("user", s.Identity().ID), slog.String("address", s.Address()))
}

// Joined implements [router.Observer].
func (v visits) Joined(s *router.Session) {
	if v.on() {
		v.logger.Debug("session joined", of(s), slog.String("method", s.Identity().Method), slog.Any("roles", s.Identity().Roles),
			slog.String("encoding", s.Encoding().Subprotocol()), slog.String("user_agent", s.Peer().UserAgent))
	}
}

// Left implements [router.Observer].
func (v visits) Left(s *router.Session) {
	if v.on() {
		v.logger.Debug("session left", of(s), slog.String("reason", s.Reason().String()))
	}
}

// Subscribed implements [router.Observer].
func (v visits) Subscribed(s *router.Session, held wamp.Subscription) {
	if v.on() {
		v.logger.Debug("subscribed", of(s), slog.String("topic", string(held.Topic)), slog.String("match", held.Match.String()))
	}
}

// Unsubscribed implements [router.Observer].
func (v visits) Unsubscribed(s *router.Session, held wamp.Subscription) {
	if v.on() {
		v.logger.Debug("unsubscribed", of(s), slog.String("topic", string(held.Topic)), slog.String("match", held.Match.String()))
	}
}

// Interface guards.
var _ router.Observer = visits{}
