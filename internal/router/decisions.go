package router

import (
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// decisionCache holds the cacheable decisions of a session, so that publishing to one topic again does not ask the
// Authorizer again. It is nil for a session that never publishes or calls. Owned by the reader.
type decisionCache struct {
	basis   basis
	entries map[decisionKey]time.Duration // until when a decision holds, since router.started; 0: no limit
}

type decisionKey struct {
	action Action
	uri    wamp.URI
}

// basis holds the facts that a decision rests on. A decision holds as long as its basis is that of the session.
type basis struct {
	identity *peer.Identity
	epoch    uint64 // of the realm
}

// The most decisions that a session caches. A full cache is emptied, and the Authorizer is asked again.
const (
	maxCachedDecisions  = 64   // a page publishes to few topics
	maxBackendDecisions = 4096 // a backend publishes for all users
)

// ForgetDecisions makes all cached decisions of the Authorizer void: sessions ask again about their next requests.
// Decisions that are on their way are not cached. What sessions hold already is not affected; see [Realm.Recheck].
func (r *Realm) ForgetDecisions() { r.epoch.Add(1) }

// basis returns what a decision on the session would rest on now.
func (s *Session) basis() basis { return basis{s.Identity(), s.realm.epoch.Load()} }

// isCached reports whether the session may do this according to an earlier decision.
func (s *Session) isCached(r *Request) bool {
	if s.decisions == nil || r.Match != wamp.MatchExact || s.decisions.basis != s.basis() {
		return false
	}
	until, ok := s.decisions.entries[decisionKey{r.Action, r.URI}]
	return ok && (until == 0 || time.Since(s.realm.router.started) < until)
}

// cacheDecision caches a decision, unless its basis has changed since the Authorizer was asked.
func (s *Session) cacheDecision(r *Request, decision Decision, asked basis) {
	if r.Match != wamp.MatchExact || r.Action != Publish && r.Action != Call || asked != s.basis() {
		return
	}
	if s.decisions == nil {
		s.decisions = &decisionCache{entries: make(map[decisionKey]time.Duration)}
	}
	cache := s.decisions
	most := maxCachedDecisions
	if asked.identity.Backend {
		most = maxBackendDecisions
	}
	if cache.basis != asked || len(cache.entries) >= most {
		clear(cache.entries)
	}
	cache.basis = asked
	var until time.Duration
	if !decision.Until.IsZero() {
		until = decision.Until.Sub(s.realm.router.started)
	}
	cache.entries[decisionKey{r.Action, r.URI}] = until
}
