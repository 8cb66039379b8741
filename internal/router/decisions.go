package router

import "github.com/tidings-io/tidings/internal/wamp"

// decisionCache holds the cacheable decisions of a session, so that publishing to one topic again does not ask the
// Authorizer again. It is nil for a session that never publishes or calls.
type decisionCache map[decisionKey]struct{}

type decisionKey struct {
	action Action
	uri    wamp.URI
}

// The most decisions that a session caches. A full cache is emptied, and the Authorizer is asked again.
const (
	maxCachedDecisions  = 64   // a page publishes to few topics
	maxBackendDecisions = 4096 // a backend publishes for all users
)

// isCached reports whether the session may do this according to an earlier decision.
func (s *Session) isCached(r *Request) bool {
	_, ok := s.decisions[decisionKey{r.Action, r.URI}]
	return ok && r.Match == wamp.MatchExact
}

func (s *Session) cacheDecision(r *Request) {
	if r.Match != wamp.MatchExact || r.Action != Publish && r.Action != Call {
		return
	}
	most := maxCachedDecisions
	if s.identity.Backend {
		most = maxBackendDecisions
	}
	if s.decisions == nil {
		s.decisions = make(decisionCache)
	}
	if len(s.decisions) >= most {
		clear(s.decisions)
	}
	s.decisions[decisionKey{r.Action, r.URI}] = struct{}{}
}
