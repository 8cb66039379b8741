package presence

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// TopicPrefix and a record are the topic of who is there.
	TopicPrefix = "tidings.presence."
	// ProcedureEnter puts the caller's page at a record, or changes what it does there.
	ProcedureEnter wamp.URI = "tidings.presence.enter"
	// ProcedureLeave takes the caller's page away.
	ProcedureLeave wamp.URI = "tidings.presence.leave"

	// DefaultGrace is longer than a page takes to reload and shorter than people take to wonder.
	DefaultGrace = 3 * time.Second
	// MaxRecords bounds what one page can pin in memory, and no page shows more records.
	MaxRecords = 100

	// crowdInterval is how often a crowd is told of itself.
	crowdInterval = time.Second
)

// Gate decides who may be at a record. Who may see who is there is decided as for any topic.
type Gate interface {
	// Enter answers a *wamp.Failure if the session may not enter the record.
	Enter(ctx context.Context, session *router.Session, record string) error
}

// Options is what the component stands on.
type Options struct {
	Realm  *router.Realm
	Gate   Gate          // nil: nobody may enter anything
	Grace  time.Duration // 0: DefaultGrace
	Logger *slog.Logger
}

// Component is who is at all records of a realm. It is safe for concurrent use.
type Component struct {
	router.NoObserver
	realm *router.Realm
	gate  Gate
	grace time.Duration
	log   *slog.Logger

	undo   []func()       // by Open, for Close
	timers sync.WaitGroup // one for each timer that may still run

	mu         sync.Mutex // guards what follows; never held while asking the gate or publishing
	closed     bool
	revision   int64 // of the latest change of all records: a record that was empty goes on from it
	records    map[string]*record
	stays      map[wamp.ID][]*stay     // by session
	lost       map[wamp.ID]*time.Timer // sessions whose grace runs
	queue      []outgoing              // what is to be published
	publishing bool                    // somebody empties the queue
}

// Stats is the state at one moment.
type Stats struct {
	Records  int // with somebody there
	People   int // counted once for each record
	Sessions int // that are at some record, lost ones within their grace included
}

// New makes the component. It starts nothing.
func New(options Options) *Component {
	if options.Grace <= 0 {
		options.Grace = DefaultGrace
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Component{
		realm: options.Realm, gate: options.Gate, grace: options.Grace, log: options.Logger,
		// Later than what a page remembers of the server before this one.
		revision: time.Now().UnixMicro(),
		records:  make(map[string]*record),
		stays:    make(map[wamp.ID][]*stay),
		lost:     make(map[wamp.ID]*time.Timer),
	}
}

// Open registers the procedures and begins to observe: call it before clients can join.
func (c *Component) Open() error {
	for _, r := range []router.Registration{
		{Procedure: ProcedureEnter, Handler: c.enter},
		{Procedure: ProcedureLeave, Handler: c.leave},
	} {
		cancel, err := c.realm.Register(r)
		if err != nil {
			c.Close()
			return fmt.Errorf("register %s: %w", r.Procedure, err)
		}
		c.undo = append(c.undo, cancel)
	}
	c.undo = append(c.undo, c.realm.Observe(c))
	return nil
}

// Close ends what Open began, forgets everybody without telling, and waits.
func (c *Component) Close() {
	for _, undo := range c.undo {
		undo()
	}
	c.undo = nil
	c.mu.Lock()
	c.closed = true
	for _, timer := range c.lost {
		c.stopLocked(timer)
	}
	for _, r := range c.records {
		c.stopLocked(r.crowded)
	}
	clear(c.lost)
	clear(c.records)
	clear(c.stays)
	c.queue = nil
	c.mu.Unlock()
	c.timers.Wait()
}

// People tells who is at a record; nobody is no error.
func (c *Component) People(name string) (Attendance, error) {
	if err := checkRecord(name); err != nil {
		return Attendance{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attendanceLocked(name), nil
}

// Stats is the state at this moment.
func (c *Component) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{Records: len(c.records), Sessions: len(c.stays)}
	for _, r := range c.records {
		s.People += len(r.people)
	}
	return s
}

func (c *Component) attendanceLocked(name string) Attendance {
	if r := c.records[name]; r != nil {
		return r.attendance()
	}
	return Attendance{Record: name, People: []Person{}, Revision: c.revision}
}

// Subscribed tells a session that has just subscribed who is there, and it alone. Patterns hear of
// changes only.
func (c *Component) Subscribed(s *router.Session, subscription router.Subscription) {
	name, ours := recordOf(subscription.Topic)
	if !ours || subscription.Match != wamp.MatchExact {
		return
	}
	c.mu.Lock()
	c.queue = append(c.queue, outgoing{
		attendance: c.attendanceLocked(name),
		change:     change{Kind: kindState},
		only:       []wamp.ID{s.ID()},
	})
	c.mu.Unlock()
	c.flush()
}

// Left takes the session away from its records: now if it meant to go, after the grace if it may
// come back.
func (c *Component) Left(s *router.Session) {
	c.mu.Lock()
	switch s.Reason() {
	case router.CloseGoodbye, router.CloseKilled:
		c.forgetLocked(s.ID())
	default:
		c.loseLocked(s.ID())
	}
	c.mu.Unlock()
	c.flush()
}

// loseLocked begins the grace of a session.
func (c *Component) loseLocked(id wamp.ID) {
	if len(c.stays[id]) == 0 || c.closed {
		return
	}
	c.lost[id] = c.afterLocked(c.grace, func() {
		if _, still := c.lost[id]; still {
			c.forgetLocked(id)
		}
	})
}

// forgetLocked takes a session away from all its records.
func (c *Component) forgetLocked(id wamp.ID) {
	c.stopLocked(c.lost[id])
	delete(c.lost, id)
	stays := c.stays[id]
	delete(c.stays, id)
	for _, s := range stays {
		c.changeLocked(s.record, s.person, func() { s.record.remove(s) })
	}
}

// afterLocked runs something under the lock after a time, and tells what it changed.
func (c *Component) afterLocked(wait time.Duration, do func()) *time.Timer {
	c.timers.Add(1)
	return time.AfterFunc(wait, func() {
		defer c.timers.Done()
		c.mu.Lock()
		if !c.closed {
			do()
		}
		c.mu.Unlock()
		c.flush()
	})
}

func (c *Component) stopLocked(timer *time.Timer) {
	if timer != nil && timer.Stop() {
		c.timers.Done()
	}
}

// Interface guards.
var _ router.Observer = (*Component)(nil)
