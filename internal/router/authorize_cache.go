package router

import (
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// ForgetDecisions makes all cached decisions of the Authorizer void: sessions ask again about their next requests.
// Decisions that are on their way are not cached. What sessions hold already is not affected; see [Realm.Recheck].
func (r *Realm) ForgetDecisions() { r.epoch.Add(1) }

// forgetDecisions makes all cached decisions of the session void, as ForgetDecisions does for all sessions: decisions
// rest on an identity, and a copy is another one.
func (s *Session) forgetDecisions() {
	s.client.mu.Lock() // with the lock, because renew replaces the identity, too
	defer s.client.mu.Unlock()
	identity := *s.Identity()
	s.identity.Store(&identity)
}

// basis returns what a decision on the session would rest on now.
func (s *Session) basis() peer.Basis {
	return peer.Basis{Identity: s.Identity(), Epoch: s.realm.epoch.Load()}
}

// cached returns an earlier decision by which the session may do this; ok is false if there is none.
func (s *Session) cached(r *Request) (decision peer.Decision, ok bool) {
	if s.decisions == nil || r.Match != wamp.MatchExact || r.As {
		return peer.Decision{}, false
	}
	return s.decisions.Find(s.basis(), r.Action, r.URI)
}

// cacheDecision caches a decision, unless its basis has changed since the Authorizer was asked.
func (s *Session) cacheDecision(r *Request, decision peer.Decision, asked peer.Basis) {
	if r.Match != wamp.MatchExact || r.Action != peer.Publish && r.Action != peer.Call || r.As || asked != s.basis() {
		return
	}
	if s.decisions == nil {
		s.decisions = peer.NewDecisions(s.realm.router.started)
	}
	s.decisions.Add(asked, r.Action, r.URI, decision)
}
