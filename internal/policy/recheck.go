package policy

import (
	"context"
	"log/slog"
	"sync"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// rechecker runs the rechecks that are wanted, one at a time. A recheck goes on if the client that wanted it has gone.
type rechecker struct {
	realm  *router.Realm
	logger *slog.Logger
	wanted chan struct{} // holds a value if a recheck is to begin

	mu   sync.Mutex // guards next
	next *recheck   // the one that begins next; nil if none is wanted
}

// recheck is one run of Realm.Recheck.
type recheck struct {
	done  chan struct{}  // closed when it has ended
	found peer.Rechecked // valid after that
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
	this := r.next
	r.next = nil
	r.mu.Unlock()
	found, err := r.realm.Recheck(ctx)
	if err == nil { // otherwise the server stops, and callers wait for their own ctx
		r.logger.InfoContext(ctx, "subscriptions and registrations were checked again",
			"sessions", found.Sessions, "kept", found.Kept, "revoked", found.Revoked, "undecided", found.Undecided)
		this.found = found
		close(this.done)
	}
}

// ask wants a recheck that begins from now on, and returns it.
func (r *rechecker) ask() *recheck {
	r.mu.Lock()
	if r.next == nil {
		r.next = &recheck{done: make(chan struct{})}
	}
	wanted := r.next
	r.mu.Unlock()
	select {
	case r.wanted <- struct{}{}:
	default: // one is about to begin
	}
	return wanted
}

// Recheck makes cached decisions void and has everything that sessions hold checked again. It waits for that, or until
// ctx ends; the check goes on then. Run must run.
func (p *Policy) Recheck(ctx context.Context) (peer.Rechecked, error) {
	p.realm.ForgetDecisions()
	wanted := p.rechecks.ask()
	select {
	case <-wanted.done:
		return wanted.found, nil
	case <-ctx.Done():
		return peer.Rechecked{}, ctx.Err()
	}
}
