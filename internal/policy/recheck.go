package policy

import (
	"context"
	"log/slog"
	"sync"

	"github.com/tidings-io/tidings/internal/router"
)

// rechecker runs the rechecks that are wanted, one at a time. A recheck goes on if the client that wanted it has gone.
type rechecker struct {
	realm  *router.Realm
	logger *slog.Logger
	wanted chan struct{} // holds a value if a recheck is to begin

	mu   sync.Mutex    // guards next
	next chan struct{} // closed when the recheck that begins next has ended; nil if none is wanted
}

func newRechecker(realm *router.Realm, logger *slog.Logger) *rechecker {
	return &rechecker{realm: realm, logger: logger, wanted: make(chan struct{}, 1)}
}

// run runs rechecks until ctx ends.
func (r *rechecker) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wanted:
			r.recheck(ctx)
		}
	}
}

func (r *rechecker) recheck(ctx context.Context) {
	r.mu.Lock()
	done := r.next
	r.next = nil
	r.mu.Unlock()
	found, err := r.realm.Recheck(ctx)
	if err == nil { // otherwise the server stops, and callers wait for their own ctx
		r.logger.InfoContext(ctx, "subscriptions and registrations were checked again",
			"kept", found.Kept, "revoked", found.Revoked, "undecided", found.Undecided)
		close(done)
	}
}

// ask wants a recheck that begins from now on. The returned channel is closed when it has ended.
func (r *rechecker) ask() (done <-chan struct{}) {
	r.mu.Lock()
	if r.next == nil {
		r.next = make(chan struct{})
	}
	done = r.next
	r.mu.Unlock()
	select {
	case r.wanted <- struct{}{}:
	default: // one is about to begin
	}
	return done
}

// changed makes cached decisions void and has everything that sessions hold checked again. It waits for that, or until
// ctx ends.
func (p *Policy) changed(ctx context.Context) error {
	p.realm.ForgetDecisions()
	select {
	case <-p.rechecks.ask():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
