package server

import (
	"context"
	"log/slog"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// visits logs at the level debug how sessions come and go, and what they subscribe to.
type visits struct{ logger *slog.Logger }

// about returns a logger whose lines name the session.
func (v visits) about(s *router.Session) *slog.Logger {
	if !v.logger.Enabled(context.Background(), slog.LevelDebug) {
		return slog.New(slog.DiscardHandler)
	}
	return v.logger.With("session", uint64(s.ID()), "user", s.Identity().ID, "address", withoutPort(s.Peer().RemoteAddr))
}

// Joined implements [router.Observer].
func (v visits) Joined(s *router.Session) {
	v.about(s).Debug("session joined", slog.String("method", s.Identity().Method), slog.Any("roles", s.Identity().Roles),
		slog.String("encoding", s.Encoding().Subprotocol()), slog.String("user_agent", s.Peer().UserAgent))
}

// Left implements [router.Observer].
func (v visits) Left(s *router.Session) {
	v.about(s).Debug("session left", slog.String("reason", s.Reason().String()))
}

// Subscribed implements [router.Observer].
func (v visits) Subscribed(s *router.Session, held wamp.Subscription) {
	v.about(s).Debug("subscribed", slog.String("topic", string(held.Topic)), slog.String("match", held.Match.String()))
}

// Unsubscribed implements [router.Observer].
func (v visits) Unsubscribed(s *router.Session, held wamp.Subscription) {
	v.about(s).Debug("unsubscribed", slog.String("topic", string(held.Topic)), slog.String("match", held.Match.String()))
}

// Interface guards.
var _ router.Observer = visits{}
