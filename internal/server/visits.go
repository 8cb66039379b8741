package server

import (
	"context"
	"log/slog"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// visits logs at the level debug how sessions come and go, and what they subscribe to.
type visits struct{ logger *slog.Logger }

// line returns what each line says of a session, and what one says beside that.
func (v visits) line(s *router.Session, more ...slog.Attr) []slog.Attr {
	if !v.logger.Enabled(context.Background(), slog.LevelDebug) {
		return nil
	}
	return append([]slog.Attr{
		slog.Uint64("session", uint64(s.ID())), slog.String("user", s.Identity().ID),
		slog.String("address", withoutPort(s.Peer().RemoteAddr)),
	}, more...)
}

// Joined implements [router.Observer].
func (v visits) Joined(s *router.Session) {
	v.logger.LogAttrs(context.Background(), slog.LevelDebug, "session joined", v.line(s,
		slog.String("method", s.Identity().Method), slog.Any("roles", s.Identity().Roles),
		slog.String("encoding", s.Encoding().Subprotocol()), slog.String("user_agent", s.Peer().UserAgent))...)
}

// Left implements [router.Observer].
func (v visits) Left(s *router.Session) {
	v.logger.LogAttrs(context.Background(), slog.LevelDebug, "session left", v.line(s, slog.String("reason", s.Reason().String()))...)
}

// Subscribed implements [router.Observer].
func (v visits) Subscribed(s *router.Session, held wamp.Subscription) {
	v.logger.LogAttrs(context.Background(), slog.LevelDebug, "subscribed", v.line(s, topicOf(held)...)...)
}

// Unsubscribed implements [router.Observer].
func (v visits) Unsubscribed(s *router.Session, held wamp.Subscription) {
	v.logger.LogAttrs(context.Background(), slog.LevelDebug, "unsubscribed", v.line(s, topicOf(held)...)...)
}

func topicOf(held wamp.Subscription) []slog.Attr {
	return []slog.Attr{slog.String("topic", string(held.Topic)), slog.String("match", held.Match.String())}
}

// Interface guards.
var _ router.Observer = visits{}
