package publication

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

	// Of a publication that is kept: the pages of the sessions in Exclude and Eligible, for their later sessions.
	ExcludePage, EligiblePage []Page
}

// Receiver is a session as the lists of a Filter see it.
type Receiver struct {
	Session wamp.ID
	AuthID  string
	Roles   []string
	Tenant  string
	Backend bool
	Tab     string // "": unknown
}

// Page returns the page of the session.
func (r Receiver) Page() Page {
	return Page{AuthID: r.AuthID, Tenant: r.Tenant, Tab: r.Tab, Backend: r.Backend}
}

// ParseFilter reads PUBLISH.Options.
func ParseFilter(options wamp.Dict) Filter {
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

// Elements returns how many elements the lists have together.
func (f *Filter) Elements() int {
	return len(f.Exclude) + len(f.Eligible) + len(f.ExcludeAuthID) + len(f.EligibleAuthID) + len(f.ExcludeAuthRole) + len(f.EligibleAuthRole)
}

// Check refuses lists that are too long. The conversation has cut them to one element more than the limit.
func (f *Filter) Check(most int) error {
	if f.Elements() <= most {
		return nil
	}
	return wamp.Fail(wamp.ErrLimitExceeded, "the lists of receivers have more than %d elements (limits.receivers): "+
		"publish to fewer at once, or to a topic of their own", most)
}

// AdmitsAll reports whether no list leaves any session out.
func (f *Filter) AdmitsAll() bool {
	return len(f.Exclude) == 0 && f.Eligible == nil && len(f.ExcludePage) == 0 && len(f.ExcludeAuthID) == 0 && f.EligibleAuthID == nil &&
		len(f.ExcludeAuthRole) == 0 && f.EligibleAuthRole == nil
}

// Admits checks one session against the lists. A fan-out, which checks many sessions, makes a [Matcher] first.
func (f *Filter) Admits(r Receiver) bool {
	if r.Tab != "" && hasPage(f.ExcludePage, r) {
		return false
	}
	ids := scanned(f.Exclude, f.Eligible)
	if r.Tab != "" && hasPage(f.EligiblePage, r) {
		ids.limited = false
	}
	authIDs := scanned(f.ExcludeAuthID, f.EligibleAuthID)
	authRoles := scanned(f.ExcludeAuthRole, f.EligibleAuthRole)
	return ids.admit(r.Session) && authIDs.admit(r.AuthID) && authRoles.admitAny(r.Roles)
}

func hasPage(pages []Page, r Receiver) bool {
	return slices.ContainsFunc(pages, func(p Page) bool { return p.Has(r) })
}

// ForSingleSessions reports whether the lists name sessions, which have no later readers.
func (f *Filter) ForSingleSessions() bool { return f.Exclude != nil || f.Eligible != nil }

// Targets returns the only sessions that can be admitted, if they are few; nil: check all subscribers.
func (f *Filter) Targets() []wamp.ID {
	if len(f.Eligible) >= setThreshold {
		return nil
	}
	return f.Eligible
}

// Clone copies the lists, because a component may change its Filter after it has published.
func (f *Filter) Clone() Filter {
	return Filter{
		IncludePublisher: f.IncludePublisher,
		Exclude:          slices.Clone(f.Exclude),
		Eligible:         slices.Clone(f.Eligible),
		ExcludeAuthID:    slices.Clone(f.ExcludeAuthID),
		EligibleAuthID:   slices.Clone(f.EligibleAuthID),
		ExcludeAuthRole:  slices.Clone(f.ExcludeAuthRole),
		EligibleAuthRole: slices.Clone(f.EligibleAuthRole),
		ExcludePage:      slices.Clone(f.ExcludePage),
		EligiblePage:     slices.Clone(f.EligiblePage),
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
	for _, list := range [][]Page{f.ExcludePage, f.EligiblePage} {
		for _, page := range list {
			bytes += len(page.AuthID) + len(page.Tenant) + len(page.Tab) + 56
		}
	}
	return bytes
}
