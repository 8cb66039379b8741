package server

import (
	"context"
	"log/slog"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// visits logs at the level debug how sessions come and go, and what they subscribe to.
type visits struct{ logger *slog.Logger }

// log logs one line, with the session.
func (v visits) log(s *router.Session, message string, more ...slog.Attr) {
	if !v.logger.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	identity, peer := s.Identity(), s.Peer()
	attributes := append([]slog.Attr{
		slog.Uint64("session", uint64(s.ID())), slog.String("user", identity.ID), slog.String("address", withoutPort(peer.RemoteAddr)),
	}, more...)
	v.logger.LogAttrs(context.Background(), slog.LevelDebug, message, attributes...)
}

// Joined implements [router.Observer].
func (v visits) Joined(s *router.Session) {
	v.log(s, "session joined", slog.String("method", s.Identity().Method), slog.Any("roles", s.Identity().Roles),
		slog.String("encoding", s.Encoding().Subprotocol()), slog.String("user_agent", s.Peer().UserAgent))
}

// Left implements [router.Observer].
func (v visits) Left(s *router.Session) {
	v.log(s, "session left", slog.String("reason", s.Reason().String()))
}

// Subscribed implements [router.Observer].
func (v visits) Subscribed(s *router.Session, held wamp.Subscription) {
	v.log(s, "subscribed", slog.String("topic", string(held.Topic)), slog.String("match", held.Match.String()))
}

// Unsubscribed implements [router.Observer].
func (v visits) Unsubscribed(s *router.Session, held wamp.Subscription) {
	v.log(s, "unsubscribed", slog.String("topic", string(held.Topic)), slog.String("match", held.Match.String()))
}

// Interface guards.
var _ router.Observer = visits{}
