package peer

import (
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Decision is the positive answer to a request of a session.
type Decision struct {
	Payload *wamp.Payload // published instead of what the session sent; nil keeps it
	// Cacheable allows the same action on the same URI again, with any payload. The router may cache the decision
	// until Until, or until the realm forgets its decisions if Until is zero.
	Cacheable bool
	Until     time.Time
	// Stamped has the events name their publisher, whatever the publisher asks for.
	Stamped bool
	// ReplacesOthers allows a registration to replace those of other users and backends. Without it the session can
	// replace only what sessions of its own user hold.
	ReplacesOthers bool
}

// Basis holds the facts that a decision rests on. A decision holds as long as its basis is that of the session.
type Basis struct {
	Identity *Identity
	Epoch    uint64 // grows when all decisions are void
}

// Decisions caches the cacheable decisions of one session, so that publishing to one topic again needs no further
// decision. One goroutine owns it.
type Decisions struct {
	started time.Time
	basis   Basis
	entries map[decisionKey]cachedDecision
}

type decisionKey struct {
	action Action
	uri    wamp.URI
}

type cachedDecision struct {
	until   time.Duration // since started; 0: no limit
	stamped bool
}

// The most decisions that a session caches. A full cache is emptied.
const (
	maxCachedDecisions  = 64   // a page publishes to few topics
	maxBackendDecisions = 4096 // a backend publishes for all users
)

// NewDecisions returns an empty cache, whose times are counted from started.
func NewDecisions(started time.Time) *Decisions {
	return &Decisions{started: started, entries: make(map[decisionKey]cachedDecision)}
}

// Find returns an earlier decision that allows this; ok is false if there is none. A nil cache has none.
func (d *Decisions) Find(now Basis, action Action, uri wamp.URI) (found Decision, ok bool) {
	if d == nil || d.basis != now {
		return Decision{}, false
	}
	cached, ok := d.entries[decisionKey{action, uri}]
	if !ok || cached.until != 0 && time.Since(d.started) >= cached.until {
		return Decision{}, false
	}
	return Decision{Cacheable: true, Stamped: cached.stamped}, true
}

// Add caches a decision, and forgets those on another basis.
func (d *Decisions) Add(asked Basis, action Action, uri wamp.URI, decision Decision) {
	most := maxCachedDecisions
	if asked.Identity.Backend {
		most = maxBackendDecisions
	}
	if d.basis != asked || len(d.entries) >= most {
		clear(d.entries)
	}
	d.basis = asked
	cached := cachedDecision{stamped: decision.Stamped}
	if until := decision.Until; !until.IsZero() {
		cached.until = until.Sub(d.started)
	}
	d.entries[decisionKey{action, uri}] = cached
}
