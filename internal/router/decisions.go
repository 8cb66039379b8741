package router

import "github.com/tidings-io/tidings/internal/wamp"

// decisionCache are what a session was allowed once and for all, so that publishing to one topic over and over
// does not ask the same question each time. Most sessions never publish or call, and hold nothing.
type decisionCache map[decisionKey]struct{}

type decisionKey struct {
	action Action
	uri    wamp.URI
}

// What a session's grants are bounded by. Over it they are forgotten, and asked for again.
const (
	maxCachedDecisions  = 64   // a page publishes to few topics
	maxBackendDecisions = 4096 // a program of the application publishes for everybody
)

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
