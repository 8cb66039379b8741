package router

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Options says how a router behaves. The zero value works: everybody may join and do anything.
type Options struct {
	Limits        Limits
	URIs          wamp.URIRules
	Disclosure    Disclosure
	Strictness    Strictness
	TrustLevels   map[string]int // by role; empty: nothing is marked with a level
	Authenticator Authenticator  // nil: everybody is anonymous, or who the transport says
	Authorizer    Authorizer     // nil: everything outside the reserved names is allowed
	// Retention says what is kept of a topic's publications. It is asked for each publication, and must
	// be quick. nil: the last one that was to be retained, and no history.
	Retention func(topic wamp.URI) Retention
	Logger    *slog.Logger
	Probe     Probe
	Agent     string // named in WELCOME
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
	outboxes outbox.Shared
	started  time.Time // the rate limit counts from here
	stop     context.CancelFunc
	running  context.Context // ends with the router: what concurrent procedures run under
	workers  sync.WaitGroup  // concurrent procedures
	roles    wamp.Dict       // of every WELCOME; read-only

	mu          sync.Mutex // guards what follows
	realms      map[wamp.URI]*Realm
	handshaking map[*Client]struct{} // attached, not joined
	closing     bool
	idleClosed  bool          // idle is closed
	idle        chan struct{} // closed when closing and nobody is attached

	first      *Realm                              // the first: what a dialect that names no realm joins
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
		options:     options,
		started:     time.Now(),
		realms:      make(map[wamp.URI]*Realm),
		handshaking: make(map[*Client]struct{}),
		idle:        make(chan struct{}),
	}
	r.outboxes.MaxFrames, r.outboxes.MaxBytes = options.Limits.OutboxFrames, options.Limits.OutboxBytes
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
		r.first = realm
	}
	r.realmsRead.Store(&read)
	return realm
}

// Realm finds a realm.
func (r *Router) Realm(name wamp.URI) (*Realm, bool) {
	realm, ok := (*r.realmsRead.Load())[name]
	return realm, ok
}

// defaultRealm is the name to join by for who has no way to say one.
func (r *Router) defaultRealm() wamp.URI {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil {
		return ""
	}
	return r.first.name
}

func (r *Router) allRealms() map[wamp.URI]*Realm { return *r.realmsRead.Load() }

// Attachment is one connection of a transport.
type Attachment struct {
	Peer   Peer
	Format Format
	Waker  Waker
}

// Attach begins a conversation. The transport calls [Client.Open], then [Client.Receive] for each
// frame from one goroutine at a time, writes what [Outbox.Take] gives, and calls [Client.Gone] when
// the connection is closed, whoever closed it.
func (r *Router) Attach(a Attachment) *Client {
	c := &Client{
		router:       r,
		format:       r.formats.intern(a.Format),
		peer:         a.Peer,
		conversation: wamp.NewConversation(a.Format.Encoding),
	}
	c.outbox.Init(&r.outboxes, a.Waker)
	r.mu.Lock()
	r.handshaking[c] = struct{}{}
	closing := r.closing
	r.counters.clients.Add(1)
	r.mu.Unlock()
	if closing {
		c.shutDown()
	}
	return c
}

// clientJoined says that a client is no longer opening: its realm knows it from now on.
func (r *Router) clientJoined(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.handshaking, c)
}

// clientGone says that a client's transport is gone.
func (r *Router) clientGone(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.handshaking, c)
	r.counters.clients.Add(-1)
	r.signalIdleLocked()
}

// signalIdleLocked tells Shutdown once nobody is attached. Who attaches later is refused at once, and is
// not waited for.
func (r *Router) signalIdleLocked() {
	if r.closing && !r.idleClosed && r.counters.clients.Load() == 0 {
		r.idleClosed = true
		close(r.idle)
	}
}

// Shutdown says GOODBYE to everybody, refuses who comes later, and waits until every transport has
// called [Client.Gone] and every concurrent procedure has returned, or until ctx ends.
func (r *Router) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	r.closing = true
	opening := make([]*Client, 0, len(r.handshaking))
	for c := range r.handshaking {
		opening = append(opening, c)
	}
	r.signalIdleLocked()
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
