package router

import (
	"sync"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Realm is one address space of topics and procedures, and the sessions in it. The package comment
// has the lock order.
type Realm struct {
	name    wamp.URI
	router  *Router
	broker  broker
	dealer  dealer
	meta    meta
	history history

	epoch atomic.Uint64 // of the Authorizer's decisions; grows when they are void

	observers atomic.Pointer[[]*observation]
	observing sync.Mutex // one writer of observers at a time

	mu       sync.RWMutex // guards what follows
	sessions map[wamp.ID]*Session
	closed   bool
}

func newRealm(router *Router, name wamp.URI) *Realm {
	r := &Realm{name: name, router: router, sessions: make(map[wamp.ID]*Session)}
	r.broker.init(&r.meta)
	r.history.init(&router.options.Limits)
	r.dealer.own = ownProcedures(r)
	r.observers.Store(&[]*observation{})
	return r
}

// Name is the URI that clients join by.
func (r *Realm) Name() wamp.URI { return r.name }

// Sessions lists who is here, in no order.
func (r *Realm) Sessions() []*Session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*Session, 0, len(r.sessions))
	for _, s := range r.sessions {
		all = append(all, s)
	}
	return all
}

// Session finds who is here by id.
func (r *Realm) Session(id wamp.ID) (*Session, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.sessions[id]
	return s, ok
}

// SubscriptionInfo is one topic or pattern that somebody listens to.
type SubscriptionInfo struct {
	Subscription
	Subscribers int // sessions
}

// Subscriptions lists what sessions listen to, sorted by topic.
func (r *Realm) Subscriptions() []SubscriptionInfo { return r.broker.list() }

// Subscribers counts the sessions that a publication to topic would reach: once for each of their
// subscriptions that match.
func (r *Realm) Subscribers(topic wamp.URI) int {
	n := 0
	for _, sub := range r.broker.match(nil, topic) {
		n += sub.subscribers()
	}
	return n
}

// freshID draws an id for a session. It reserves nothing: that two clients who are joining draw the
// same one of 2^53 is told to the second.
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

// close ends every session of the realm and refuses new ones.
func (r *Realm) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for _, s := range r.Sessions() {
		s.client.shutDown()
	}
}
