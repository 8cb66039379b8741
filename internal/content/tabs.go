package content

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Joined remembers the session of a page that has a name. Sessions of nameless pages cost nothing.
func (c *Component) Joined(s *router.Session) {
	if s.Tab() == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tabs[s.Tab()] = append(c.tabs[s.Tab()], s.ID())
}

// Left forgets it.
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

// sessionsOf lists the sessions of a page: one, or a few while a lost one has not been noticed.
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
