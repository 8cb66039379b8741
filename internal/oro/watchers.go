package oro

import (
	"sync"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// watchers are the sessions that are told of changed data. Safe for concurrent use.
type watchers struct {
	mu       sync.Mutex // guards what follows
	sessions map[*router.Session]struct{}
	tabs     map[browser]int // how many of the sessions a tab has; only pages of the SDK name theirs
}

// add adds a session. It reports whether the session's tab has another one: the connection of that one is dead, and the
// page has noticed it first.
func (w *watchers) add(s *router.Session) (replaces bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sessions == nil {
		w.sessions, w.tabs = make(map[*router.Session]struct{}), make(map[browser]int)
	}
	if _, known := w.sessions[s]; known {
		return false
	}
	w.sessions[s] = struct{}{}
	if s.Tab() == "" {
		return false
	}
	w.tabs[browserOf(s)]++
	return w.tabs[browserOf(s)] > 1
}

// remove removes a session. It reports whether the session was there, and whether another one of its tab has replaced
// it.
func (w *watchers) remove(s *router.Session) (ok, replaced bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok = w.sessions[s]; !ok {
		return false, false
	}
	delete(w.sessions, s)
	if s.Tab() == "" {
		return true, false
	}
	b := browserOf(s)
	if w.tabs[b]--; w.tabs[b] == 0 {
		delete(w.tabs, b)
		return true, false
	}
	return true, true
}

func (w *watchers) all() []*router.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]*router.Session, 0, len(w.sessions))
	for s := range w.sessions {
		list = append(list, s)
	}
	return list
}

// group is a set of sessions that get the same tags.
type group struct {
	tags     []tag
	sessions []wamp.ID
}

// groups divides the sessions by the tags that they may know. Sessions that may know none are in no group. The tabs of
// a user are asked for once.
func (w *watchers) groups(tags []tag, mayKnow func(*router.Session, tag) bool) map[string]*group {
	byTags, byUser := make(map[string]*group), make(map[string]*group)
	for _, s := range w.all() {
		user := s.Identity().ID
		found, asked := byUser[user]
		if !asked {
			found = groupOf(byTags, s, tags, mayKnow)
			byUser[user] = found
		}
		if found != nil {
			found.sessions = append(found.sessions, s.ID())
		}
	}
	return byTags
}

// groupOf returns the group of a session, or nil.
func groupOf(all map[string]*group, s *router.Session, tags []tag, mayKnow func(*router.Session, tag) bool) *group {
	key := make([]byte, len(tags))
	var known []tag
	for i, t := range tags {
		if mayKnow(s, t) {
			key[i] = 1
			known = append(known, t)
		}
	}
	if len(known) == 0 {
		return nil
	}
	found := all[string(key)]
	if found == nil {
		found = &group{tags: known}
		all[string(key)] = found
	}
	return found
}
