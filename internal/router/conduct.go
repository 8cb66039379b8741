package router

import "github.com/tidings-io/tidings/internal/wamp"

// Conduct is how closely clients are held to the text of the specification.
type Conduct uint8

const (
	// Lenient takes what clients in use do: request ids that are not in sequence, progressive results
	// by callees that cannot be interrupted, rerouting by callees that did not announce it.
	Lenient Conduct = iota
	// Strict takes what the text allows.
	Strict
)

func (r *Realm) strict() bool   { return r.router.options.Conduct == Strict }
func (s *Session) strict() bool { return s.realm.strict() }

// sequential checks, where that is asked for, that a request's id is the next one of the one counter
// that all requests share (WAMP, "Identifiers"). A CALL may go on with an earlier one.
func (s *Session) sequential(message wamp.Message) error {
	if !s.strict() {
		return nil
	}
	id := requestID(message)
	if id == 0 {
		return nil
	}
	next := s.requests%wamp.MaxID + 1
	if id == next {
		s.requests = next
		return nil
	}
	if message.Code() == wamp.CodeCall && id < next {
		return nil
	}
	return wamp.Violation("%s has the request id %d, the next is %d", message.Code(), id, next)
}
