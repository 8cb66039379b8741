package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/tidings-io/tidings/internal/httpapi"
)

// observedWriter records the status and size of an answer.
type observedWriter struct {
	http.ResponseWriter
	status int
	bytes  int
}

// Unwrap returns the inner writer, for http.ResponseController.
func (o *observedWriter) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// WriteHeader records the first final status.
func (o *observedWriter) WriteHeader(status int) {
	if o.status == 0 && status >= http.StatusOK {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observedWriter) Write(b []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(b)
	o.bytes += n
	return n, err
}

// finish counts and logs a request, and recovers from a panic of its handler. It is deferred for every request but
// those of the transport.
func (s *Server) finish(w *observedWriter, r *http.Request, began time.Time) {
	fault := recover()
	if fault != nil && fault != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		s.logger.ErrorContext(r.Context(), "a request panicked", "path", r.URL.Path, "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
		if w.status == 0 {
			httpapi.NewProblem(http.StatusInternalServerError, "the server failed to answer; its log says why").Write(w)
		}
	}
	took := time.Since(began)
	s.metrics.answered(r.Method, r.Pattern, w.status, took)
	s.logger.Log(r.Context(), accessLevel(r.Pattern), "http",
		"method", r.Method, "path", r.URL.Path, "status", w.status, "bytes", w.bytes,
		"ms", float64(took.Microseconds())/1000, "address", s.transport.RemoteAddr(r).String())
	if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		panic(fault) // net/http closes the connection quietly
	}
}

// accessLevel returns the log level of a route: requests of probes, every few seconds, are debug messages.
func accessLevel(pattern string) slog.Level {
	switch pattern {
	case "GET /healthz", "GET /readyz", "GET /metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
