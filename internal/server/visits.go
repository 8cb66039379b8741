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

// log writes a line of a session.
func (v visits) log(s *router.Session, message string, more ...any) {
	about := []any{"session", uint64(s.ID()), "user", s.Identity().ID, "address", s.Address()}
	v.logger.Debug(message, append(about, more...)...)
}

// Joined implements [router.Observer].
func (v visits) Joined(s *router.Session) {
	if v.on() {
		v.log(s, "session joined", "method", s.Identity().Method, "roles", s.Identity().Roles,
			"encoding", s.Encoding().Subprotocol(), "user_agent", s.Peer().UserAgent)
	}
}

// Left implements [router.Observer].
func (v visits) Left(s *router.Session) {
	if v.on() {
		v.log(s, "session left", "reason", s.Reason().String())
	}
}

// Subscribed implements [router.Observer].
func (v visits) Subscribed(s *router.Session, held wamp.Subscription) {
	if v.on() {
		v.log(s, "subscribed", "topic", string(held.Topic), "match", held.Match.String())
	}
}

// Unsubscribed implements [router.Observer].
func (v visits) Unsubscribed(s *router.Session, held wamp.Subscription) {
	if v.on() {
		v.log(s, "unsubscribed", "topic", string(held.Topic), "match", held.Match.String())
	}
}

// Interface guards.
var _ router.Observer = visits{}
