package server

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/lmittmann/tint"

	"github.com/tidings-io/tidings/internal/asynclog"
	"github.com/tidings-io/tidings/internal/config"
)

const (
	// logDelay bounds the age of a JSON line when it is written. A person does not notice it, and one write to a
	// pipe costs more than half of a request that publishes.
	logDelay = 50 * time.Millisecond
	// logPatience bounds the wait for a reader of the log that does not read, when the server stops.
	logPatience = time.Second
)

// NewLogger returns the configured logger: colored text at a terminal, JSON elsewhere. Logging never waits for w: lines
// are written by the returned writer, which drops what does not fit into log.buffer_bytes.
//
// level gets the configured level, and may be changed later.
func NewLogger(c config.Log, level *slog.LevelVar, w io.Writer) (*slog.Logger, *asynclog.Writer) {
	level.Set(logLevel(c))
	var log *slog.Logger
	options := asynclog.Options{
		Room: int(c.BufferBytes),
		Lost: func(n uint64) {
			log.Warn("lines of the log were dropped, because they could not be written in time", "lines", n)
		},
	}
	if c.Format == "text" || (c.Format != "json" && isTerminal(w)) {
		lines := asynclog.New(w, options)
		log = slog.New(tint.NewTextHandler(lines, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: !isTerminal(w)}))
		return log, lines
	}
	options.Delay = logDelay
	lines := asynclog.New(w, options)
	log = slog.New(promptHandler{slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: level}), lines})
	return log, lines
}

// logLevel returns the configured level. The configuration has been checked; a zero value means the default.
func logLevel(c config.Log) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// promptHandler writes warnings and errors without the delay.
type promptHandler struct {
	slog.Handler
	lines *asynclog.Writer
}

// Handle implements [slog.Handler].
func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.lines.Begin()
	}
	return err
}

// WithAttrs implements [slog.Handler].
func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.lines}
}

// WithGroup implements [slog.Handler].
func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.lines}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// version is set by the linker in a release (.ci/release).
var version string

// Version returns the version of the release, or else that of the module in the build.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

// revision returns the commit that the program was built from, or "".
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}

// Interface guards.
var _ slog.Handler = promptHandler{}
