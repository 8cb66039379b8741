package router

import "github.com/tidings-io/tidings/internal/wamp"

// Disclosure tells when events and invocations name the session that published or called.
type Disclosure uint8

// Router-wide policies. For one publication, DiscloseAlways names its publisher and the other two do not.
const (
	DiscloseOnRequest Disclosure = iota // sessions that ask for it are named
	DiscloseNever                       // asking is refused
	DiscloseAlways                      // all sessions are named
)

// disclosure decides whether receivers are told which session published or called.
func (s *Session) disclosure(options wamp.Dict) (Disclosure, error) {
	asked, _ := options.Bool("disclose_me")
	switch policy := s.realm.router.options.Disclosure; {
	case policy == DiscloseAlways:
		return DiscloseAlways, nil
	case !asked:
		return DiscloseNever, nil
	case policy == DiscloseNever:
		return DiscloseNever, wamp.Fail(wamp.ErrOptionDisallowed, "disclose_me is not allowed here")
	}
	return DiscloseAlways, nil
}

// defaultDisclosure returns the disclosure of a publication that does not ask for any.
func (s *Session) defaultDisclosure() Disclosure {
	if s.realm.router.options.Disclosure == DiscloseAlways {
		return DiscloseAlways
	}
	return DiscloseNever
}
