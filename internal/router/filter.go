package router

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Filter narrows the receivers of a publication (WAMP, "Publisher Exclusion", "Subscriber Black- and Whitelisting").
// Every list that is not nil must admit the receiver: an eligible list that is empty and not nil admits no session.
type Filter struct {
	IncludePublisher bool // exclude_me: false
	Exclude          []wamp.ID
	Eligible         []wamp.ID
	ExcludeAuthID    []string
	EligibleAuthID   []string
	ExcludeAuthRole  []string
	EligibleAuthRole []string
}

// AdmitsAll reports whether no list leaves any session out.
func (f *Filter) AdmitsAll() bool {
	return len(f.Exclude) == 0 && f.Eligible == nil && len(f.ExcludeAuthID) == 0 && f.EligibleAuthID == nil &&
		len(f.ExcludeAuthRole) == 0 && f.EligibleAuthRole == nil
}

// admits checks one session against the lists. A fan-out, which checks many sessions, makes a matcher first.
func (f *Filter) admits(s *Session) bool {
	ids := scanned(f.Exclude, f.Eligible)
	authIDs := scanned(f.ExcludeAuthID, f.EligibleAuthID)
	authRoles := scanned(f.ExcludeAuthRole, f.EligibleAuthRole)
	return ids.admit(s.id) && authIDs.admit(s.Identity().ID) && authRoles.admitAny(s.Identity().Roles)
}

// clone copies the lists, because a component may change its Filter after it has published.
func (f *Filter) clone() Filter {
	return Filter{
		IncludePublisher: f.IncludePublisher,
		Exclude:          slices.Clone(f.Exclude),
		Eligible:         slices.Clone(f.Eligible),
		ExcludeAuthID:    slices.Clone(f.ExcludeAuthID),
		EligibleAuthID:   slices.Clone(f.EligibleAuthID),
		ExcludeAuthRole:  slices.Clone(f.ExcludeAuthRole),
		EligibleAuthRole: slices.Clone(f.EligibleAuthRole),
	}
}

// size returns about how many bytes the lists cost in memory.
func (f *Filter) size() int {
	bytes := 8 * (len(f.Exclude) + len(f.Eligible))
	for _, list := range [][]string{f.ExcludeAuthID, f.EligibleAuthID, f.ExcludeAuthRole, f.EligibleAuthRole} {
		for _, text := range list {
			bytes += len(text) + 16
		}
	}
	return bytes
}

// filterOf reads PUBLISH.Options.
func filterOf(options wamp.Dict) Filter {
	var f Filter
	if excludeMe, given := options.Bool("exclude_me"); given {
		f.IncludePublisher = !excludeMe
	}
	f.Exclude = idList(options, "exclude")
	f.Eligible = idList(options, "eligible")
	f.ExcludeAuthID = stringList(options, "exclude_authid")
	f.EligibleAuthID = stringList(options, "eligible_authid")
	f.ExcludeAuthRole = stringList(options, "exclude_authrole")
	f.EligibleAuthRole = stringList(options, "eligible_authrole")
	return f
}

// idList returns nil for an absent list, and a list that is not nil for an empty one.
func idList(options wamp.Dict, key string) []wamp.ID {
	ids, given := options.IDs(key)
	if given && ids == nil {
		return []wamp.ID{}
	}
	return ids
}

func stringList(options wamp.Dict, key string) []string {
	values, given := options.Strings(key)
	if given && values == nil {
		return []string{}
	}
	return values
}

// setThreshold is the length from which a list becomes a set. Comparing is quicker for shorter lists.
const setThreshold = 16

// matcher checks many sessions against a Filter.
type matcher struct {
	publisher *Client // excluded; nil: none
	listed    bool    // there are lists to check
	ids       lists[wamp.ID]
	authIDs   lists[string]
	authRoles lists[string]
}

func (f *Filter) matcher(publisher *Session) matcher {
	m := matcher{
		ids:       newLists(f.Exclude, f.Eligible),
		authIDs:   newLists(f.ExcludeAuthID, f.EligibleAuthID),
		authRoles: newLists(f.ExcludeAuthRole, f.EligibleAuthRole),
	}
	m.listed = !m.ids.admitsAll() || !m.authIDs.admitsAll() || !m.authRoles.admitsAll()
	if publisher != nil && !f.IncludePublisher {
		m.publisher = publisher.client
	}
	return m
}

func (m *matcher) admits(c *Client) bool {
	if c == m.publisher {
		return false
	}
	if !m.listed {
		return true
	}
	s := c.session.Load()
	return m.ids.admit(s.id) && m.authIDs.admit(s.Identity().ID) && m.authRoles.admitAny(s.Identity().Roles)
}

// lists are a black and a white list over one attribute.
type lists[T comparable] struct {
	excluded list[T]
	eligible list[T]
	limited  bool // there is a white list
}

func newLists[T comparable](excluded, eligible []T) lists[T] {
	return lists[T]{excluded: newList(excluded), eligible: newList(eligible), limited: eligible != nil}
}

// scanned makes lists that are searched one by one, whatever their length.
func scanned[T comparable](excluded, eligible []T) lists[T] {
	return lists[T]{excluded: list[T]{few: excluded}, eligible: list[T]{few: eligible}, limited: eligible != nil}
}

// admitsAll reports whether the lists admit every value.
func (l *lists[T]) admitsAll() bool {
	return !l.limited && len(l.excluded.few) == 0 && l.excluded.many == nil
}

func (l *lists[T]) admit(value T) bool {
	return (!l.limited || l.eligible.has(value)) && !l.excluded.has(value)
}

// admitAny reports whether a session with several values, such as roles, is admitted: it needs an eligible value and
// may have no excluded one.
func (l *lists[T]) admitAny(values []T) bool {
	return (!l.limited || slices.ContainsFunc(values, l.eligible.has)) && !slices.ContainsFunc(values, l.excluded.has)
}

type list[T comparable] struct {
	few  []T
	many map[T]struct{}
}

func newList[T comparable](values []T) list[T] {
	if len(values) < setThreshold {
		return list[T]{few: values}
	}
	set := make(map[T]struct{}, len(values))
	for _, v := range values {
		set[v] = struct{}{}
	}
	return list[T]{many: set}
}

func (l *list[T]) has(value T) bool {
	if l.many != nil {
		_, ok := l.many[value]
		return ok
	}
	return slices.Contains(l.few, value)
}
