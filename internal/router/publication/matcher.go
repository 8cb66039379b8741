package publication

import (
	"slices"

	"github.com/tidings-io/tidings/internal/wamp"
)

// setThreshold is the length from which a list becomes a set. Comparing is quicker for shorter lists.
const setThreshold = 16

// Matcher checks many sessions against the lists of a [Filter]. The zero Matcher admits all.
type Matcher struct {
	listed    bool // there are lists to check
	ids       lists[wamp.ID]
	authIDs   lists[string]
	authRoles lists[string]
}

// Matcher returns a Matcher for the lists. It shares them.
func (f *Filter) Matcher() Matcher {
	m := Matcher{
		ids:       newLists(f.Exclude, f.Eligible),
		authIDs:   newLists(f.ExcludeAuthID, f.EligibleAuthID),
		authRoles: newLists(f.ExcludeAuthRole, f.EligibleAuthRole),
	}
	m.listed = !m.ids.admitsAll() || !m.authIDs.admitsAll() || !m.authRoles.admitsAll()
	return m
}

// AdmitsAll reports whether the lists leave no session out.
func (m *Matcher) AdmitsAll() bool { return !m.listed }

// Admits checks one session against the lists.
func (m *Matcher) Admits(r Receiver) bool {
	return m.ids.admit(r.Session) && m.authIDs.admit(r.AuthID) && m.authRoles.admitAny(r.Roles)
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
