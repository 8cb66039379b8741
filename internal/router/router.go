package router

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/router/sender"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Options configures a router. The zero value works: every client may join, and may do anything outside the reserved
// names. [Router.Change] replaces those options that [Settings] has.
type Options struct {
	Limits        meter.Limits
	URIs          wamp.URIRules
	Disclosure    peer.Disclosure
	Strictness    peer.Strictness
	TrustLevels   map[string]int     // by role; empty: calls and events carry no level
	Authenticator peer.Authenticator // nil: the identity that the transport proved, else anonymous
	Authorizer    Authorizer         // nil: everything outside the reserved names is allowed
	// Journal opens the journal of a realm. nil: nothing is kept.
	Journal func(realm wamp.URI) publication.Journal
	// Retention says what is kept of a topic's publications. It is asked for each publication, and must
	// be quick. nil: nothing is kept.
	Retention func(topic wamp.URI) publication.Retention
	// Slow says what becomes of a topic's events for clients that do not keep up. It is asked for each run of
	// publications, and must be quick. nil: such clients are closed.
	Slow func(topic wamp.URI) outbox.Slow
	// Meter returns what counts the events of a subscription. It is asked when the subscription is opened, and must be
	// quick. nil: events are counted together only.
	Meter func(wamp.Subscription) *meter.Topic
	// Interest reports whether other nodes may have subscribers of a topic. It must be quick. nil: there are none.
	Interest func(topic wamp.URI) bool
	Logger   *slog.Logger
	Probe    meter.Probe
	Agent    string // named in WELCOME
}

// Router holds the realms and the clients that are attached to them.
type Router struct {
	options  Options // without those that settings has
	settings atomic.Pointer[Settings]
	counters meter.Counters
	senders  sender.Shared
	started  time.Time // the rate limit counts from here
	stop     context.CancelFunc
	running  context.Context // the parent of every concurrent procedure; canceled by Shutdown
	workers  sync.WaitGroup  // concurrent procedures
	offer    peer.Offer      // of every WELCOME, before realms add to it

	mu          sync.Mutex // guards what follows
	realms      map[wamp.URI]*Realm
	handshaking map[*Client]struct{} // attached, without a session
	closing     bool
	idleClosed  bool          // idle is closed
	idle        chan struct{} // closed when closing and no client is attached

	first      *Realm                              // the default realm
	realmsRead atomic.Pointer[map[wamp.URI]*Realm] // a copy of realms, read without the lock
}

// New returns a router without realms. It starts nothing.
func New(options Options) *Router {
	settings := Settings{options.Limits.WithDefaults(), options.TrustLevels, options.Authenticator}
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
	r.settings.Store(&settings)
	r.senders.Counters, r.senders.Log, r.senders.All = &r.counters, options.Logger, r.allOutboxes
	r.senders.Outboxes.Started = r.started
	r.senders.Outboxes.Limit(settings.Limits.OutboxFrames, settings.Limits.OutboxBytes)
	r.senders.Outboxes.LimitTotal(settings.Limits.OutboxTotal)
	r.offer = peer.Offer{
		TrustLevels: len(options.TrustLevels) > 0,
		Retention:   options.Journal != nil,
		Disclosure:  options.Disclosure != peer.DiscloseNever,
	}
	r.running, r.stop = context.WithCancel(context.Background())
	r.realmsRead.Store(&map[wamp.URI]*Realm{})
	return r
}

// AddRealm returns the realm of that name, which clients can join from now on. The first realm is the default:
// clients join it whose dialect of the protocol names no realm.
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

// Realm returns the realm of that name, if there is one.
func (r *Router) Realm(name wamp.URI) (*Realm, bool) {
	realm, ok := (*r.realmsRead.Load())[name]
	return realm, ok
}

// defaultRealm returns the name of the realm that dialects without realm names join (WAMP 1).
func (r *Router) defaultRealm() wamp.URI {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil {
		return ""
	}
	return r.first.name
}

// allOutboxes returns the outboxes of all sessions.
func (r *Router) allOutboxes() (all []*outbox.Outbox) {
	for _, realm := range r.allRealms() {
		for _, s := range realm.Sessions() {
			all = append(all, &s.client.sender.Outbox)
		}
	}
	return all
}

func (r *Router) allRealms() map[wamp.URI]*Realm { return *r.realmsRead.Load() }

// Attachment describes one connection of a transport.
type Attachment struct {
	Peer   peer.Peer
	Format outbox.Format
	Waker  outbox.Waker
	Pace   *meter.Pace // of all clients whose messages one goroutine reads; nil: the client has its own
}

// Attach begins a conversation. The transport calls [Client.Open], then [Client.Receive] for each frame, from
// one goroutine at a time. It writes the frames of [outbox.Outbox.Take], and calls [Client.Detach] when the connection
// is closed, by either side.
func (r *Router) Attach(a Attachment) *Client {
	c := &Client{router: r, peer: a.Peer}
	conversation := wamp.NewConversation(a.Format.Encoding)
	if r.options.Strictness == peer.Strict {
		conversation.BeStrict()
	}
	conversation.LimitReceivers(r.limits().Receivers)
	c.sender.Init(&r.senders, a.Format, conversation, a.Waker)
	if c.pace = a.Pace; c.pace == nil {
		c.pace = &c.ownPace
	}
	r.mu.Lock()
	r.handshaking[c] = struct{}{}
	closing := r.closing
	r.counters.Clients.Add(1)
	r.mu.Unlock()
	if closing {
		c.shutDown()
	}
	return c
}

// clientJoined moves a client from handshaking to its realm.
func (r *Router) clientJoined(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.handshaking, c)
}

// clientDetached counts a client out: its transport has closed.
func (r *Router) clientDetached(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.handshaking, c)
	r.counters.Clients.Add(-1)
	r.signalIdleLocked()
}

// signalIdleLocked closes idle once the router is closing and no client is attached. Clients that attach later
// are refused at once, and Shutdown does not wait for them. Caller must hold mu.
func (r *Router) signalIdleLocked() {
	if r.closing && !r.idleClosed && r.counters.Clients.Load() == 0 {
		r.idleClosed = true
		close(r.idle)
	}
}

// Shutdown sends GOODBYE to every session, refuses new clients, and waits until every transport has called
// [Client.Detach] and every concurrent procedure has returned, or until ctx ends.
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
	return queue.Wait(ctx, &r.workers)
}
