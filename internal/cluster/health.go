package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// writeTimeout bounds one write to the store. A disk that is slower counts as broken. A login waits for two
	// writes at most, and is answered before the client gives up.
	writeTimeout = 3 * time.Second
	// checkInterval is the time between two checks of a store that works, and repairInterval between two tries to
	// reopen one that does not.
	checkInterval  = 10 * time.Second
	repairInterval = time.Second
	// checkAge bounds the age of a check whose result is used again.
	checkAge = time.Second
)

// UnwritableError reports that the store does not accept writes. Until it was opened again, nothing is written.
type UnwritableError struct {
	Dir   string
	Cause error
}

func (e *UnwritableError) Error() string {
	return fmt.Sprintf("the store in %s cannot be written to: %v", e.Dir, e.Cause)
}

func (e *UnwritableError) Unwrap() error { return e.Cause }

// Reported tells packages that do not know the type that the cause was logged.
func (e *UnwritableError) Reported() bool { return true }

var errSlow = fmt.Errorf("the disk has not answered for %s", writeTimeout)

// health knows whether the store can be written to. After the first write or check that fails, all writes are refused
// at once. That is final: a store that was reopened has a health of its own. Safe for concurrent use.
type health struct {
	dir  string
	log  *slog.Logger
	wake chan struct{} // tells the supervisor to look; holds one

	broken atomic.Pointer[error] // why the store cannot be written to; nil: it can

	usable context.Context
	end    context.CancelCauseFunc // of usable, which ends when the store breaks

	mu      sync.Mutex    // guards what follows
	since   time.Time     // when the store broke
	checked time.Time     // when the last check ended
	done    chan struct{} // closed at the end of the next check
}

func newHealth(dir string, log *slog.Logger) *health {
	h := &health{dir: dir, log: log, wake: make(chan struct{}, 1), done: make(chan struct{})}
	h.usable, h.end = context.WithCancelCause(context.Background())
	return h
}

// err returns why the store cannot be written to, or nil. A nil health is always well.
func (h *health) err() error {
	if h == nil {
		return nil
	}
	if reason := h.broken.Load(); reason != nil {
		return *reason
	}
	return nil
}

// write calls f with a context that ends after [writeTimeout], and when the store turns out to be broken. An error of f
// that is not a refusal breaks the store. A nil health calls f only.
func (h *health) write(parent context.Context, f func(context.Context) error) error {
	if h == nil {
		return f(parent)
	}
	if err := h.err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(parent, writeTimeout, errSlow)
	defer cancel()
	defer context.AfterFunc(h.usable, cancel)()
	err := f(ctx)
	if err == nil || parent.Err() != nil || isRefusal(err) {
		return err
	}
	if broken := h.err(); broken != nil {
		return broken
	}
	if errors.Is(context.Cause(ctx), errSlow) {
		err = errSlow
	}
	return h.fail(err)
}

// isRefusal reports whether the store works and has refused a request.
func isRefusal(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Code < 500 || api.ErrorCode == storeFailed
	}
	return errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) ||
		errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) || errors.Is(err, nats.ErrMaxPayload)
}

// storeFailed is the code of JetStream for a message beyond a limit of the stream. A failure of the disk has no answer.
const storeFailed jetstream.ErrorCode = 10077

// fail marks the store as broken and returns the error for callers. Only the first reason is logged.
func (h *health) fail(cause error) error {
	var known *UnwritableError
	if errors.As(cause, &known) {
		return cause
	}
	if errors.Is(cause, fs.ErrNotExist) {
		cause = errReplaced
	}
	var reason error = &UnwritableError{h.dir, cause}
	if h.broken.Swap(&reason) == nil {
		h.mu.Lock()
		h.since = time.Now()
		h.mu.Unlock()
		h.end(reason)
		h.log.Error("the store cannot be written to: logins with tickets, changes of maintenance and publications that are kept are refused until it can",
			"dir", h.dir, "error", cause)
		h.look()
	}
	return reason
}

// mended logs that a store was reopened after this one.
func (h *health) mended() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log.Warn("the store can be written to again", "dir", h.dir, "after", time.Since(h.since).Round(time.Millisecond).String())
}

// look wakes the supervisor.
func (h *health) look() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// finished tells waiting callers that a check has ended.
func (h *health) finished() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checked = time.Now()
	close(h.done)
	h.done = make(chan struct{})
}

// fresh returns why the store cannot be written to, or nil, by a check that is at most [checkAge] old. A check that
// does not end in time is a reason.
func (h *health) fresh(ctx context.Context) error {
	if err := h.err(); err != nil {
		return err
	}
	h.mu.Lock()
	done, age := h.done, time.Since(h.checked)
	h.mu.Unlock()
	if age < checkAge {
		return nil
	}
	h.look()
	select {
	case <-done:
		return h.err()
	case <-ctx.Done():
		return fmt.Errorf("ask the store: %w", ctx.Err())
	}
}
