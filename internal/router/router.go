package router

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Options says how a router behaves. The zero value works: everybody may join and do anything.
type Options struct {
	Limits        Limits
	URIs          wamp.Strictness
	Disclosure    Disclosure
	Conduct       Conduct
	TrustLevels   map[string]int // by role; empty: nothing is marked with a level
	Authenticator Authenticator  // nil: everybody is anonymous, or who the transport says
	Authorizer    Authorizer     // nil: everything outside the reserved names is allowed
	// Keeping says what is kept of a topic's publications. It is asked for each publication, and must
	// be quick. nil: the last one that was to be retained, and no history.
	Keeping func(topic wamp.URI) Keeping
	Logger  *slog.Logger
	Probe   Probe
	Agent   string // named in WELCOME
}

// Probe hears how long routing took, in the goroutine that routed. It must be quick.
type Probe interface {
	Published(took time.Duration, events int)
	Called(took time.Duration)
}

// Router holds the realms and everybody who is attached to them.
type Router struct {
	options  Options
	formats  formats
	counters counters
	started  time.Time // the rate limit counts from here
	stop     context.CancelFunc
	running  context.Context // ends with the router: what concurrent procedures run under
	workers  sync.WaitGroup  // concurrent procedures
	roles    wamp.Dict       // of every WELCOME; read-only

	mu      sync.Mutex // guards what follows
	realms  map[wamp.URI]*Realm
	opening map[*Client]struct{} // attached, not joined
	closing bool
	resting bool          // idle is closed
	idle    chan struct{} // closed when closing and nobody is attached

	implied    *Realm                              // the first: what a dialect that names no realm joins
	realmsRead atomic.Pointer[map[wamp.URI]*Realm] // a copy of realms, for who reads
}

// New makes a router without realms. It starts nothing.
func New(options Options) *Router {
	options.Limits = options.Limits.withDefaults()
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Agent == "" {
		options.Agent = "Tidings"
	}
	r := &Router{
		options: options,
		started: time.Now(),
		realms:  make(map[wamp.URI]*Realm),
		opening: make(map[*Client]struct{}),
		idle:    make(chan struct{}),
	}
	r.roles = routerRoles(&options)
	r.running, r.stop = context.WithCancel(context.Background())
	r.realmsRead.Store(&map[wamp.URI]*Realm{})
	return r
}

// AddRealm makes a realm that clients can join, or gives the one of that name. The first is the one
// that clients join whose dialect of the protocol knows no realms.
func (r *Router) AddRealm(name wamp.URI) *Realm {
	r.mu.Lock()
	defer r.mu.Unlock()
	if realm := r.realms[name]; realm != nil {
		return realm
	}
	realm := newRealm(r, name)
	r.realms[name] = realm
	read := maps.Clone(r.realms)
	if len(read) == 1 {
		r.implied = realm
	}
	r.realmsRead.Store(&read)
	return realm
}

// Realm finds a realm.
func (r *Router) Realm(name wamp.URI) (*Realm, bool) {
	realm, ok := (*r.realmsRead.Load())[name]
	return realm, ok
}

// impliedRealm is the name to join by for who has no way to say one.
func (r *Router) impliedRealm() wamp.URI {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.implied == nil {
		return ""
	}
	return r.implied.name
}

func (r *Router) allRealms() map[wamp.URI]*Realm { return *r.realmsRead.Load() }

// Attachment is one connection of a transport.
type Attachment struct {
	Peer   Peer
	Format Format
	Waker  Waker
}

// Waker is told that the outbox is no longer empty, or that the conversation has ended. That happens in the
// goroutine of whoever sends, under locks: it must not block or call back.
type Waker interface{ Wake() }

// WakeFunc is a function as a [Waker]. nil: nobody is to be told.
type WakeFunc func()

// Wake implements [Waker].
func (f WakeFunc) Wake() {
	if f != nil {
		f()
	}
}

// Attach begins a conversation. The transport calls [Client.Open], then [Client.Receive] for each
// frame from one goroutine at a time, writes what [Outbox.Take] gives, and calls [Client.Gone] when
// the connection is closed, whoever closed it.
func (r *Router) Attach(a Attachment) *Client {
	c := &Client{
		router:       r,
		format:       r.formats.intern(a.Format),
		peer:         a.Peer,
		conversation: wamp.NewSession(a.Format.Encoding),
	}
	c.outbox.router, c.outbox.waker = r, a.Waker
	if a.Waker == nil {
		c.outbox.waker = WakeFunc(nil)
	}
	r.mu.Lock()
	r.opening[c] = struct{}{}
	closing := r.closing
	r.counters.clients.Add(1)
	r.mu.Unlock()
	if closing {
		c.shutDown()
	}
	return c
}

// joined says that a client is no longer opening: its realm knows it from now on.
func (r *Router) joined(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.opening, c)
}

// detached says that a client's transport is gone.
func (r *Router) detached(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.opening, c)
	r.counters.clients.Add(-1)
	r.restLocked()
}

// restLocked tells Shutdown once nobody is attached. Who attaches later is refused at once, and is
// not waited for.
func (r *Router) restLocked() {
	if r.closing && !r.resting && r.counters.clients.Load() == 0 {
		r.resting = true
		close(r.idle)
	}
}

// Shutdown says GOODBYE to everybody, refuses who comes later, and waits until every transport has
// called [Client.Gone] and every concurrent procedure has returned, or until ctx ends.
func (r *Router) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	r.closing = true
	opening := make([]*Client, 0, len(r.opening))
	for c := range r.opening {
		opening = append(opening, c)
	}
	r.restLocked()
	r.mu.Unlock()

	for _, c := range opening {
		c.shutDown()
	}
	for _, realm := range r.allRealms() {
		realm.close()
	}
	r.stop()
	select {
	case <-r.idle:
	case <-ctx.Done():
		return ctx.Err()
	}
	return r.waitWorkers(ctx)
}

func (r *Router) waitWorkers(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.workers.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
