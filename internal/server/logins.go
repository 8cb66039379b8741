package server

import (
	"slices"

	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// logins implements [meta.Logins] by the current authenticator.
type logins struct{ server *Server }

// ForgetLogins takes the logins back whose identities match.
func (l logins) ForgetLogins(matches func(*peer.Identity) bool) int {
	return l.server.current.Load().chain.ForgetLogins(matches)
}

// logoutWatch ends sessions whose login by cookie was taken back while the session was being opened. Otherwise the user
// would be back: the login was accepted before, and the session was not there yet when the user's sessions were ended.
type logoutWatch struct {
	router.NoObserver
	server *Server
}

// Joined implements [router.Observer].
func (w logoutWatch) Joined(s *router.Session) {
	if w.server.current.Load().chain.IsForgotten(s.Peer(), s.Identity()) {
		s.Kill("", "this login was taken back")
	}
}

// LogOut implements [httpapi.Sessions]. The logins are taken back first, so that no page comes back by one.
func (b apiBackend) LogOut(user, message string) (logins, sessions int) {
	isUser := func(identity *peer.Identity) bool { return !identity.Backend && identity.ID == user }
	logins = b.current.Load().chain.ForgetLogins(isUser)
	ended := slices.DeleteFunc(b.realm.Sessions(), func(s *router.Session) bool { return !isUser(s.Identity()) })
	for _, s := range ended {
		s.Kill("", message)
	}
	return logins, len(ended)
}

// Interface guards.
var (
	_ router.Observer = logoutWatch{}
	_ meta.Logins     = logins{}
)
