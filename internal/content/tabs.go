package content

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Joined implements [router.Observer]. It remembers the session of a page that has a name; other sessions
// cost nothing.
func (c *Component) Joined(s *router.Session) {
	if s.Tab() == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tabs[s.Tab()] = append(c.tabs[s.Tab()], s.ID())
}

// Left implements [router.Observer]. It forgets the session.
func (c *Component) Left(s *router.Session) {
	if s.Tab() == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	left := slices.DeleteFunc(c.tabs[s.Tab()], func(id wamp.ID) bool { return id == s.ID() })
	if len(left) == 0 {
		delete(c.tabs, s.Tab())
		return
	}
	c.tabs[s.Tab()] = left
}

// sessionsOf lists the sessions of a page: usually one, and more while a lost connection is unnoticed.
func (c *Component) sessionsOf(tab string) []wamp.ID {
	if tab == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tabs[tab])
}

// Interface guards.
var _ router.Observer = (*Component)(nil)
