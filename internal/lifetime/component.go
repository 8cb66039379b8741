package lifetime

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router"
)

// Options configures the component. The zero value works.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged
}

// component serves the sessions of one realm. It is safe for concurrent use.
type component struct {
	router.NoObserver
	realm   *router.Realm
	log     *slog.Logger
	notices queue.Deadlines[*router.Session] // of sessions that end
}

// Attach adds the procedures and topics to a realm, until detach. Call it before clients can join.
func Attach(realm *router.Realm, options Options) (detach func(), err error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &component{realm: realm, log: options.Logger}
	c.notices.Init(c.tellExpiring)
	undo := []func(){c.notices.Stop, realm.Observe(c)}
	detach = func() {
		for _, step := range undo {
			step()
		}
	}
	for _, p := range []router.LocalProcedure{
		// Concurrent, because the check of a ticket may wait, and the caller may be a callee that is asked for a decision.
		{Procedure: ProcedureRenew, Handler: c.renew, Concurrent: true, Hidden: true},
		{Procedure: ProcedureLifetime, Handler: c.lifetime, Hidden: true},
	} {
		cancel, err := realm.Register(p)
		if err != nil {
			detach()
			return nil, fmt.Errorf("register %s: %w", p.Procedure, err)
		}
		undo = append(undo, cancel)
	}
	return detach, nil
}

// Joined implements [router.Observer]. A session without an end costs nothing.
func (c *component) Joined(s *router.Session) {
	if !s.Identity().Expires.IsZero() {
		c.schedule(s)
	}
}

// Left implements [router.Observer].
func (c *component) Left(s *router.Session) {
	if !s.Identity().Expires.IsZero() {
		c.notices.Set(s, time.Time{})
	}
}

// Interface guards.
var (
	_ router.Observer           = (*component)(nil)
	_ router.RevocationObserver = (*component)(nil)
)
