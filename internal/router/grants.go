package router

import "github.com/tidings-io/tidings/internal/wamp"

// grants are what a session was allowed once and for all, so that publishing to one topic over and over
// does not ask the same question each time. Most sessions never publish or call, and hold nothing.
type grants map[grant]struct{}

type grant struct {
	action Action
	uri    wamp.URI
}

// What a session's grants are bounded by. Over it they are forgotten, and asked for again.
const (
	maxGrants        = 64   // a page publishes to few topics
	maxBackendGrants = 4096 // a program of the application publishes for everybody
)

func (s *Session) granted(r *Request) bool {
	_, ok := s.grants[grant{r.Action, r.URI}]
	return ok && r.Match == wamp.MatchExact
}

func (s *Session) grant(r *Request) {
	if r.Match != wamp.MatchExact || r.Action != Publish && r.Action != Call {
		return
	}
	most := maxGrants
	if s.identity.Backend {
		most = maxBackendGrants
	}
	if s.grants == nil {
		s.grants = make(grants)
	}
	if len(s.grants) >= most {
		clear(s.grants)
	}
	s.grants[grant{r.Action, r.URI}] = struct{}{}
}
