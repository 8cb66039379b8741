package server

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// logWriter collects log lines for a moment, because one write to a pipe costs more than half of a request that
// publishes. Warnings and errors are written at once.
type logWriter struct {
	to io.Writer

	mu    sync.Mutex // guards what follows
	lines []byte
	timed bool // a flush is scheduled
}

const (
	// logDelay bounds the age of a line when it is written. A person does not notice it.
	logDelay = 50 * time.Millisecond
	// logRoom bounds one write. A pipe takes that much atomically, so lines stay whole if several processes
	// write to it.
	logRoom = 4 << 10
)

// Write implements [io.Writer], for whole lines.
func (w *logWriter) Write(lines []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if len(w.lines)+len(lines) > logRoom {
		err = w.flushLocked()
	}
	w.lines = append(w.lines, lines...)
	if !w.timed {
		w.timed = true
		time.AfterFunc(logDelay, w.flush)
	}
	return len(lines), err
}

// flush writes the collected lines. A failure to write the log cannot be reported.
func (w *logWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timed = false
	w.flushLocked() //nolint:errcheck // see above
}

func (w *logWriter) flushLocked() error {
	if len(w.lines) == 0 {
		return nil
	}
	_, err := w.to.Write(w.lines)
	w.lines = w.lines[:0]
	return err
}

// promptHandler flushes after warnings and errors.
type promptHandler struct {
	slog.Handler
	writer *logWriter
}

// Handle implements [slog.Handler].
func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.writer.flush()
	}
	return err
}

// WithAttrs implements [slog.Handler].
func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.writer}
}

// WithGroup implements [slog.Handler].
func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.writer}
}

// Interface guards.
var _ slog.Handler = promptHandler{}
