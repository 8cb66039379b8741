package content

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
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
	c.tabs[s.Tab()] = append(c.tabs[s.Tab()], s)
}

// Left implements [router.Observer]. It forgets the session.
func (c *Component) Left(s *router.Session) {
	c.rate.Forget(s)
	if s.Tab() == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	left := slices.DeleteFunc(c.tabs[s.Tab()], func(other *router.Session) bool { return other == s })
	if len(left) == 0 {
		delete(c.tabs, s.Tab())
		return
	}
	c.tabs[s.Tab()] = left
}

// sessionsOf lists the author's sessions of the change's page: usually one, and more while a lost connection is
// unnoticed. Pages choose their tabs, and events tell these to other pages. Sessions of other users are therefore not
// in the list: any user could name their tab, and keep the change from them.
func (c *Component) sessionsOf(change *Change) []wamp.ID {
	if change.Tab == "" || change.Author == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []wamp.ID
	for _, s := range c.tabs[change.Tab] {
		if isBy(change, s.Identity()) {
			ids = append(ids, s.ID())
		}
	}
	return ids
}

// page returns the page that made the change, for what its later sessions get of it.
func (c *Change) page() []publication.Page {
	if c.Tab == "" || c.Author == nil {
		return nil
	}
	page := publication.Page{AuthID: c.Author.ID, Tab: c.Tab, AnyTenant: true}
	if c.publisher != nil {
		page.Tenant, page.AnyTenant = c.publisher.Identity().Tenant, false
	}
	return []publication.Page{page}
}

// isBy reports whether an identity is that of the change's author. A backend names the author by the id alone.
func isBy(change *Change, identity *peer.Identity) bool {
	if identity.Backend || identity.ID != change.Author.ID {
		return false
	}
	return change.publisher == nil || change.publisher.Identity().Tenant == identity.Tenant
}

// Interface guards.
var _ router.Observer = (*Component)(nil)
