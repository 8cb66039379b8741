package server

import (
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/lmittmann/tint"

	"github.com/tidings-io/tidings/internal/config"
)

// NewLogger returns the configured logger: colored text at a terminal, JSON elsewhere. JSON is written up to
// [logDelay] later; flush writes it at once.
func NewLogger(c config.Log, w io.Writer) (logger *slog.Logger, flush func()) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // the configuration has been checked; a zero value means the default
	}
	if c.Format == "text" || (c.Format != "json" && isTerminal(w)) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: !isTerminal(w)})), func() {}
	}
	gathered := &logWriter{to: w}
	handler := slog.NewJSONHandler(gathered, &slog.HandlerOptions{Level: level})
	return slog.New(promptHandler{handler, gathered}), gathered.flush
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
