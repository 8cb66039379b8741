package server

import (
	"fmt"
	"runtime/debug"

	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router"
)

// SessionWatch has functions of the program that are told of sessions. Each may be nil.
type SessionWatch struct {
	Joined, Left func(*router.Session)
}

// Watch calls the functions from now on, until cancel. A panic of one is logged: the session has done nothing wrong.
func (s *Server) Watch(functions SessionWatch) (cancel func()) {
	return s.realm.Observe(&sessionWatch{server: s, functions: functions})
}

// Selected returns the selected sessions. A selection without any condition is refused with a *[wamp.Failure].
func (s *Server) Selected(selected Selection) ([]*router.Session, error) {
	return policy.Select(s.realm, selected)
}

type sessionWatch struct {
	router.NoObserver
	server    *Server
	functions SessionWatch
}

// Joined implements [router.Observer].
func (w *sessionWatch) Joined(s *router.Session) { w.call("join", w.functions.Joined, s) }

// Left implements [router.Observer].
func (w *sessionWatch) Left(s *router.Session) { w.call("leave", w.functions.Left, s) }

func (w *sessionWatch) call(what string, function func(*router.Session), session *router.Session) {
	defer func() {
		if fault := recover(); fault != nil {
			w.server.logger.Error("a function of the program panicked when a session changed", "change", what,
				"session", uint64(session.ID()), "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
		}
	}()
	if function != nil {
		function(session)
	}
}

var _ router.Observer = (*sessionWatch)(nil)
