package transport

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/logonce"
)

// notice holds the part of a log line about a refusal that its client is not told.
type notice struct {
	key   string // tells refusals of the same reason apart
	about []any  // attributes
	fix   string // what an operator has to do
	quiet bool   // log it at debug only
}

// maxQuoted bounds what the log and a response quote of a request.
const maxQuoted = 200

// cut returns a text of a request as it may be quoted.
func cut(text string) string {
	if len(text) > maxQuoted {
		text = text[:maxQuoted] + "..."
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// fullAgain is after which time the log says again that the server is full.
const fullAgain = time.Minute

// notices remember which refusals the log has. Clients choose origins and paths, so these have sets of their own.
type notices struct {
	origins, paths, full, rest *logonce.Set
}

func newNotices() notices {
	return notices{
		origins: logonce.New(logonce.Options{}),
		paths:   logonce.New(logonce.Options{}),
		full:    logonce.New(logonce.Options{Again: fullAgain}),
		rest:    logonce.New(logonce.Options{}),
	}
}

// logRefusal logs the first refusal of its kind, and one after each hour: at warn what an operator can mend. All are
// logged at debug.
func (s *Server) logRefusal(ctx context.Context, wrong *refusal, address string) {
	level, set := slog.LevelWarn, s.notices.rest
	switch wrong.Reason {
	case RefusedOrigin:
		set = s.notices.origins
	case RefusedPath:
		set = s.notices.paths
	case RefusedFull:
		set = s.notices.full
	case RefusedUpgrade, RefusedVersion, RefusedSubprotocol, RefusedRawSocket:
	case RefusedMethod, RefusedKey, RefusedBody, RefusedExtension, RefusedDraining, RefusedLongPoll:
		level = slog.LevelInfo
	case RefusedTicket, RefusedUnchecked, RefusedOpening, RefusedInternal: // logged where they are found
		level = slog.LevelDebug
	}
	if wrong.notice.quiet {
		level = slog.LevelDebug
	}
	about := append([]any{"reason", wrong.Reason, "detail", wrong.Detail}, wrong.notice.about...)
	if wrong.notice.fix != "" {
		about = append(about, "fix", wrong.notice.fix)
	}
	if address != "" {
		about = append(about, "address", address)
	}
	turn := logonce.Turn{}
	if level > slog.LevelDebug {
		turn = set.Next(string(wrong.Reason) + " " + wrong.notice.key)
	}
	if turn.Left > 0 {
		about = append(about, "more", turn.Left)
	}
	switch {
	case turn.Full && turn.Write:
		s.log.Log(ctx, level, "connections of more kinds than the log lists were refused; all are logged at debug", about...)
	case turn.Write:
		s.log.Log(ctx, level, "a connection was refused", about...)
	default:
		s.log.DebugContext(ctx, "a connection was refused", about...)
	}
}
