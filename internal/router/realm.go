package router

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/router/replay"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Realm is one address space of topics and procedures, and the sessions in it. The package comment
// has the lock order.
type Realm struct {
	name     wamp.URI
	router   *Router
	broker   broker
	dealer   dealer
	changes  changes
	journal  publication.Journal                 // nil: nothing is kept
	kept     queue.Grouped[struct{}, []*keptRun] // all that is kept has one order
	replays  replay.Source                       // what clients that come back share
	roles    peer.Roles                          // of every WELCOME
	expiries queue.Deadlines[*Session]           // when identities expire; without those that never do

	epoch atomic.Uint64 // of the Authorizer's decisions; grows when they are void

	observers atomic.Pointer[[]*observation]
	observing sync.Mutex // one writer of observers at a time

	mu       sync.RWMutex // guards what follows
	sessions map[wamp.ID]*Session
	draining bool // sessions of users are refused
	closed   bool
}

func newRealm(router *Router, name wamp.URI) *Realm {
	r := &Realm{name: name, router: router, sessions: make(map[wamp.ID]*Session)}
	r.broker.init(&r.changes, router.options.Meter)
	r.kept.Init(r.lead)
	r.expiries.Init(r.expireDue)
	if open := router.options.Journal; open != nil {
		r.journal = open(name)
	}
	r.replays.Journal, r.replays.Log, r.replays.Encodings = r.journal, router.options.Logger, &router.counters.Encodings
	r.roles.Init(router.offer)
	r.observers.Store(&[]*observation{})
	return r
}

// Name returns the URI by which clients join.
func (r *Realm) Name() wamp.URI { return r.name }

// Announce adds features of a role, broker or dealer, to what WELCOME says from now on.
func (r *Realm) Announce(role string, features ...string) { r.roles.Announce(role, features...) }

// Sessions lists the sessions of the realm, in no order.
func (r *Realm) Sessions() []*Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*Session, 0, len(r.sessions))
	for _, s := range r.sessions {
		all = append(all, s)
	}
	return all
}

// Session returns the session of the realm with this id.
func (r *Realm) Session(id wamp.ID) (*Session, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.sessions[id]
	return s, ok
}

// freshID returns an id for a session. It reserves nothing: if two clients that are joining draw the same id of 2^53,
// admit refuses the second.
func (r *Realm) freshID() wamp.ID {
	for {
		id := wamp.NewGlobalID()
		if _, taken := r.Session(id); !taken {
			return id
		}
	}
}

func (r *Realm) remove(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[s.id] == s {
		delete(r.sessions, s.id)
	}
}

// close ends every session of the realm and refuses new ones. All sessions get their GOODBYE before the first of them
// leaves: a session that leaves waits for the publications that are being delivered, and with GOODBYE these end.
func (r *Realm) close() {
	r.mu.Lock()
	r.closed = true
	sessions := slices.Collect(maps.Values(r.sessions))
	clear(r.sessions)
	r.mu.Unlock()
	for _, s := range sessions {
		s.client.shutDown()
	}
	for _, s := range sessions {
		s.leave(s.client.sender.Outbox.Closed().Reason)
	}
}
