package server

import (
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// JoinLate takes all logins by cookie back while a session joins: after the login was accepted, and before the session
// is one of the realm's.
func (s *Server) JoinLate(session *router.Session) {
	s.current.Load().chain.ForgetLogins(func(*peer.Identity) bool { return true })
	logoutWatch{server: s}.Joined(session)
}
