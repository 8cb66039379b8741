package presence

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Feature describes presence to the server.
var Feature = feature.Feature{
	Name:   "presence",
	Config: config.Section{Keys: (*Config)(nil), Scopes: []string{string(scope)}},
	New: func(h feature.Host) feature.Component {
		section := config.SectionOf[Config](h.Config)
		return New(Options{
			Policy: h.Policy, Interval: section.PresenceInterval, Rate: section.PresenceRate, Logger: h.Logger,
		})
	},
}

const (
	// TopicPrefix followed by a record is the topic of the people there.
	TopicPrefix = "tidings.presence."
	// ProcedureEnter puts the caller's page at a record, or changes its mode there.
	ProcedureEnter wamp.URI = "tidings.presence.enter"
	// ProcedureLeave takes the caller's page away from a record.
	ProcedureLeave wamp.URI = "tidings.presence.leave"
	// ProcedureRefresh sends the list of people to the caller again.
	ProcedureRefresh wamp.URI = "tidings.presence.refresh"

	// DefaultGrace is longer than a reload takes, and short enough that people do not notice the delay.
	DefaultGrace = 3 * time.Second
	// MaxRecords bounds the memory that one page can hold. No page shows more records.
	MaxRecords = 100
	// DefaultInterval bounds what the changes of one record cost its watchers. A person does not notice it.
	DefaultInterval = 250 * time.Millisecond
	// DefaultRate bounds the calls of one session in a second. A form that is edited makes two calls.
	DefaultRate = 20

	// burst is the number of calls that a session may make at once. A page that has reconnected enters all its records.
	burst = 2 * MaxRecords
	// crowdFactor makes the interval of records with more than MaxListed people longer.
	crowdFactor = 4
)

// Options configures a [Component].
type Options struct {
	Policy   feature.Policy // decides which sessions may enter a record; nil: none may
	Grace    time.Duration  // 0: DefaultGrace
	Interval time.Duration  // between two events of a record; 0: DefaultInterval
	Rate     int            // calls of one session in a second, on average; 0: DefaultRate
	Logger   *slog.Logger   // nil: nothing is logged
}

// Component holds the people at all records of a realm. Safe for concurrent use.
type Component struct {
	router.NoObserver
	policy  feature.Policy
	grace   time.Duration
	rate    atomic.Int64 // calls of one session in a second
	calls   *feature.Rate
	refused atomic.Uint64 // calls that came too often
	log     *slog.Logger
	realm   *router.Realm // set by Open

	timers sync.WaitGroup // one for each timer that may still run

	mu       sync.Mutex // guards what follows; not held while asking the policy or publishing
	interval time.Duration
	closed   bool
	revision int64 // of the latest change of all records, from which an empty record continues
	records  map[string]*record
	entries  map[wamp.ID][]*entry    // by session
	lost     map[wamp.ID]*time.Timer // sessions in their grace
	queue    queue.Serial[outgoing]  // events to publish
}

// Stats is the state at one moment.
type Stats struct {
	Records  int    // with people
	People   int    // counted once for each record
	Sessions int    // at some record, those in their grace included
	Refused  uint64 // calls that came too often
}

// New returns a component. It starts nothing.
func New(options Options) *Component {
	if options.Grace <= 0 {
		options.Grace = DefaultGrace
	}
	if options.Interval <= 0 {
		options.Interval = DefaultInterval
	}
	if options.Rate <= 0 {
		options.Rate = DefaultRate
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Component{
		policy: options.Policy, grace: options.Grace, interval: options.Interval,
		calls: feature.NewRate(options.Rate, burst), log: options.Logger,
		// Later than what a page remembers of the server before this one.
		revision: time.Now().UnixMicro(),
		records:  make(map[string]*record),
		entries:  make(map[wamp.ID][]*entry),
		lost:     make(map[wamp.ID]*time.Timer),
	}
	c.rate.Store(int64(options.Rate))
	return c
}

// Configure implements [feature.Configurable].
func (c *Component) Configure(all *config.Config) {
	section := config.SectionOf[Config](all)
	c.rate.Store(int64(section.PresenceRate))
	c.calls.Change(section.PresenceRate, burst)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interval = section.PresenceInterval
}

// Open implements [feature.Component]. It registers the procedures and observes sessions.
func (c *Component) Open(_ context.Context, realm *router.Realm) (close func(), err error) {
	c.realm = realm
	var undo []func()
	close = func() {
		for _, step := range undo {
			step()
		}
		c.clear()
	}
	for _, r := range []router.LocalProcedure{
		{Procedure: ProcedureEnter, Handler: c.enter},
		{Procedure: ProcedureLeave, Handler: c.leave},
		{Procedure: ProcedureRefresh, Handler: c.refresh},
	} {
		cancel, err := realm.Register(r)
		if err != nil {
			close()
			return nil, fmt.Errorf("register %s: %w", r.Procedure, err)
		}
		undo = append(undo, cancel)
	}
	undo = append(undo, realm.Observe(c))
	return close, nil
}

// clear empties all records without publishing, and waits for the timers.
func (c *Component) clear() {
	c.mu.Lock()
	c.closed = true
	for _, timer := range c.lost {
		c.stopLocked(timer)
	}
	for _, r := range c.records {
		c.stopLocked(r.timer)
	}
	clear(c.lost)
	clear(c.records)
	clear(c.entries)
	c.queue.Clear()
	c.mu.Unlock()
	c.timers.Wait()
}

// People returns the people at a record. A record without people is no error.
func (c *Component) People(name string) (Attendance, error) {
	if err := checkRecord(name); err != nil {
		return Attendance{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.records[name]; r != nil {
		return r.attendance(), nil
	}
	return Attendance{Record: name, People: []Person{}, Revision: c.revision}, nil
}

// Stats returns the present state.
func (c *Component) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{Sessions: len(c.entries), Refused: c.refused.Load()}
	for _, r := range c.records {
		if len(r.people) > 0 {
			s.Records++
		}
		s.People += len(r.people)
	}
	return s
}

// Collect implements [feature.Meter].
func (c *Component) Collect(yield func(feature.Sample)) {
	s := c.Stats()
	yield(feature.Sample{Name: "presence_records", Help: "Records that somebody is at.", Value: float64(s.Records)})
	yield(feature.Sample{Name: "presence_people", Help: "People at records, each counted once for each record.", Value: float64(s.People)})
	yield(feature.Sample{Name: "presence_refusals_total", Help: "Calls that were refused because a session made too many.", Kind: feature.Counter, Value: float64(s.Refused)})
}

// Subscribed implements [router.Observer]. It sends the present state to a session that has just
// subscribed, and to no other. Pattern subscriptions get changes only.
func (c *Component) Subscribed(s *router.Session, subscription wamp.Subscription) {
	name, ours := recordOf(subscription.Topic)
	if !ours || subscription.Match != wamp.MatchExact {
		return
	}
	c.mu.Lock()
	c.sendStateLocked(s, name)
	c.mu.Unlock()
	c.flush()
}

// Left implements [router.Observer]. It takes the session away from its records: at once if the session
// ended on purpose, after the grace if the page may come back.
func (c *Component) Left(s *router.Session) {
	c.calls.Forget(s)
	c.mu.Lock()
	switch s.Reason() {
	case outbox.CloseGoodbye, outbox.CloseKilled:
		c.forgetLocked(s.ID())
	default:
		c.loseLocked(s.ID())
	}
	c.mu.Unlock()
	c.flush()
}

// loseLocked begins the grace of a session. Caller must hold mu.
func (c *Component) loseLocked(id wamp.ID) {
	if len(c.entries[id]) == 0 || c.closed {
		return
	}
	c.lost[id] = c.afterLocked(c.grace, func() {
		if _, still := c.lost[id]; still {
			c.forgetLocked(id)
		}
	})
}

// forgetLocked takes a session away from all its records. Caller must hold mu.
func (c *Component) forgetLocked(id wamp.ID) {
	c.stopLocked(c.lost[id])
	delete(c.lost, id)
	stays := c.entries[id]
	delete(c.entries, id)
	for _, s := range stays {
		c.changeLocked(s.record, s.person, func() { s.record.remove(s) })
	}
}

// afterLocked calls do with mu held after a time, then publishes what do has queued. Caller must hold mu.
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
var (
	_ router.Observer      = (*Component)(nil)
	_ feature.Component    = (*Component)(nil)
	_ feature.Configurable = (*Component)(nil)
	_ feature.Meter        = (*Component)(nil)
)
