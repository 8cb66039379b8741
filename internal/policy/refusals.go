package policy

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// refusalWindow is the time for which log.refusals and log.refusals_each count.
const refusalWindow = 10 * time.Second

// refusals bounds the refusals in the log, so that one client cannot flood it. Safe for concurrent use.
type refusals struct {
	logger *slog.Logger

	mu      sync.Mutex         // guards what follows
	window  *time.Timer        // ends the window; nil: none is open
	lines   int                // in the window
	of      map[refusedOne]int // lines in the window; bounded by lines
	leftOut int                // in the window
}

// refusedOne is a client whose refusals are counted together.
type refusedOne struct {
	session wamp.ID // 0: the HTTP API
	key     string  // the API key; "": none
}

// admit reports whether a refusal is to be logged: at most lines in a window, and each of one client.
func (l *refusals) admit(one refusedOne, lines, each int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.window == nil {
		l.window, l.of = time.AfterFunc(refusalWindow, l.endWindow), make(map[refusedOne]int)
	}
	if l.lines >= lines || l.of[one] >= each {
		l.leftOut++
		return false
	}
	l.lines++
	l.of[one]++
	return true
}

// endWindow says how many refusals the log lacks.
func (l *refusals) endWindow() {
	l.mu.Lock()
	leftOut := l.leftOut
	l.window, l.lines, l.of, l.leftOut = nil, 0, nil, 0
	l.mu.Unlock()
	if leftOut > 0 {
		l.logger.Info("more requests were refused than log.refusals and log.refusals_each let into the log; tidings_refusals_total counts all",
			"left_out", leftOut, "seconds", refusalWindow.Seconds())
	}
}

// close ends the window without a word.
func (l *refusals) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.window != nil {
		l.window.Stop()
		l.window = nil
	}
}

// LogRefusal implements [router.RefusalLogger].
func (p *Policy) LogRefusal(ctx context.Context, r router.Request, err error) {
	found := result{step: StepRouter}
	if failure, ok := errors.AsType[*wamp.Failure](err); ok && failure.URI == wamp.ErrInvalidURI {
		found.step = StepURI
	}
	p.logRefusal(ctx, p.state.Load(), requestOf(&r), &found, err)
}

// logRefusal logs a refusal at the level info, and what the configuration leaves out at debug.
func (p *Policy) logRefusal(ctx context.Context, s *state, r *Request, found *result, err error) {
	one := refusedOne{}
	if r.Session != nil {
		one.session = r.Session.ID()
	} else if r.Identity != nil {
		one.key = r.Identity.Key
	}
	level, limits := slog.LevelInfo, s.contracts.config.Log
	if !p.options.Logger.Enabled(ctx, level) {
		return
	}
	if !p.refusals.admit(one, limits.Refusals, limits.RefusalsEach) {
		level = slog.LevelDebug
	}
	if !p.options.Logger.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{slog.String("action", r.Action.String()), slog.String("uri", string(r.URI)), slog.Any("error", err)}
	if r.Session != nil {
		attributes = append(attributes, slog.Uint64("session", uint64(r.Session.ID())))
	}
	if address := r.address(ctx); address != "" {
		attributes = append(attributes, slog.String("address", address))
	}
	attributes = append(attributes, slog.Any("reason", s.reason(r, found)))
	p.options.Logger.LogAttrs(ctx, level, "request refused", attributes...)
}

// address returns the address that a request came from, without its port; "" if it is not known.
func (r *Request) address(ctx context.Context) string {
	if r.Session == nil {
		if address := httpapi.Address(ctx); address.IsValid() {
			return address.String()
		}
		return ""
	}
	return r.Session.Address()
}
