package router

import (
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

func (r *Realm) strict() bool { return r.router.options.Strictness == peer.Strict }

func (s *Session) strict() bool { return s.realm.strict() }

// sequential checks under [peer.Strict] that the id of a request is the next of the session's one counter (WAMP,
// "Identifiers"). A CALL may repeat an earlier id, to continue that call.
func (s *Session) sequential(message wamp.Message) error {
	if !s.strict() {
		return nil
	}
	id := wamp.RequestID(message)
	if id == 0 {
		return nil
	}
	next := s.lastRequest%wamp.MaxID + 1
	if id == next {
		s.lastRequest = next
		return nil
	}
	if message.Code() == wamp.CodeCall && id < next {
		return nil
	}
	return wamp.Violation("%s has the request id %d, the next is %d", message.Code(), id, next)
}
