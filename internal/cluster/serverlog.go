package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// serverLog passes the log of the embedded server on, its notices as debug lines. It keeps the first fatal line,
// which is the only report of why the server did not start. Of a write that fails an error line is the only report: the
// client gets no answer.
type serverLog struct {
	log     *slog.Logger
	suspect func() // called after an error line

	mu       sync.Mutex // guards first
	fatalErr error
}

func (l *serverLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }
func (l *serverLog) Debugf(string, ...any)           {}
func (l *serverLog) Tracef(string, ...any)           {}

// Warnf implements [server.Logger]. That the index of a stream is older than the stream is usual after the death of the
// process: the server makes it again.
func (l *serverLog) Warnf(format string, v ...any) {
	level := slog.LevelWarn
	if strings.Contains(format, "will rebuild") || strings.Contains(format, "Recovering stream state from index errored") {
		level = slog.LevelDebug
	}
	l.say(level, format, v)
}

// Errorf implements [server.Logger].
func (l *serverLog) Errorf(format string, v ...any) {
	l.say(slog.LevelError, format, v)
	l.suspect()
}

// Fatalf records the line. It must not exit: the server returns from Start after it.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fatalErr == nil {
		l.fatalErr = fmt.Errorf(format, v...)
	}
}

func (l *serverLog) say(level slog.Level, format string, v []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "from the engine", "text", fmt.Sprintf(format, v...))
	}
}

func (l *serverLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatalErr
}

var _ server.Logger = (*serverLog)(nil)
