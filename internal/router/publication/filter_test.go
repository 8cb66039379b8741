package publication_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// admits is what the lists mean, written as the specification has it.
func admits(f *publication.Filter, r publication.Receiver) bool {
	shares := func(list []string) bool {
		return slices.ContainsFunc(r.Roles, func(role string) bool { return slices.Contains(list, role) })
	}
	switch {
	case slices.Contains(f.Exclude, r.Session), slices.Contains(f.ExcludeAuthID, r.AuthID), shares(f.ExcludeAuthRole),
		f.Eligible != nil && !slices.Contains(f.Eligible, r.Session),
		f.EligibleAuthID != nil && !slices.Contains(f.EligibleAuthID, r.AuthID),
		f.EligibleAuthRole != nil && !shares(f.EligibleAuthRole):
		return false
	}
	return true
}

func TestFiltersAndMatchersOfAllLengthsAdmitWhatTheListsSay(t *testing.T) {
	ids := rapid.SliceOfN(rapid.Map(rapid.IntRange(1, 40), func(n int) wamp.ID { return wamp.ID(n) }), 0, 30)
	words := func(prefix string) *rapid.Generator[[]string] {
		return rapid.SliceOfN(rapid.Map(rapid.IntRange(1, 40), func(n int) string { return fmt.Sprint(prefix, n) }), 0, 30)
	}
	rapid.Check(t, func(t *rapid.T) {
		var f publication.Filter
		given := func(name string) bool { return rapid.IntRange(0, 2).Draw(t, name) == 0 }
		if given("exclude") {
			f.Exclude = ids.Draw(t, "excluded")
		}
		if given("eligible") {
			f.Eligible = ids.Draw(t, "eligible ones")
		}
		for list, prefix := range map[*[]string]string{
			&f.ExcludeAuthID: "u", &f.EligibleAuthID: "u", &f.ExcludeAuthRole: "r", &f.EligibleAuthRole: "r",
		} {
			if given("list of " + prefix) {
				*list = words(prefix).Draw(t, "of "+prefix)
			}
		}
		matcher, clone := f.Matcher(), f.Clone()
		for range 20 {
			r := publication.Receiver{
				Session: ids.Filter(func(all []wamp.ID) bool { return len(all) > 0 }).Draw(t, "session")[0],
				AuthID:  fmt.Sprint("u", rapid.IntRange(1, 40).Draw(t, "user")),
				Roles:   words("r").Draw(t, "roles"),
			}
			want := admits(&f, r)
			if f.Admits(r) != want || clone.Admits(r) != want || matcher.Admits(r) != want {
				t.Fatalf("%+v for %+v: filter %t, clone %t, matcher %t, want %t", f, r, f.Admits(r), clone.Admits(r), matcher.Admits(r), want)
			}
			if !want && (f.AdmitsAll() || matcher.AdmitsAll()) {
				t.Fatalf("%+v is said to admit all, but not %+v", f, r)
			}
			if targets := f.Targets(); targets != nil && want && !slices.Contains(targets, r.Session) {
				t.Fatalf("%+v admits %d, which is no target of %v", f, r.Session, targets)
			}
		}
	})
}

func TestAnEligibleListThatIsEmptyAdmitsNoSessionAndAnAbsentOneAll(t *testing.T) {
	ann := publication.Receiver{Session: 1, AuthID: "ann", Roles: []string{"user"}}
	for _, key := range []string{"eligible", "eligible_authid", "eligible_authrole"} {
		f := publication.ParseFilter(wamp.Dict{key: []any{}})
		matcher := f.Matcher()
		if f.Admits(ann) || matcher.Admits(ann) || f.AdmitsAll() || matcher.AdmitsAll() {
			t.Errorf("%s: [] admits a session", key)
		}
	}
	f := publication.ParseFilter(wamp.Dict{})
	if matcher := f.Matcher(); !f.AdmitsAll() || !matcher.AdmitsAll() || f.IncludePublisher || f.Targets() != nil {
		t.Errorf("no options make %+v", f)
	}
}

func TestAFilterIsReadFromTheOptionsOfAPublish(t *testing.T) {
	f := publication.ParseFilter(wamp.Dict{
		"exclude_me": false, "exclude": []any{int64(1)}, "eligible": []any{int64(2), int64(3)},
		"exclude_authid": []any{"ann"}, "eligible_authid": []any{"ben"},
		"exclude_authrole": []any{"guest"}, "eligible_authrole": []any{"user"},
	})
	got := fmt.Sprintf("%+v", f)
	const want = "{IncludePublisher:true Exclude:[1] Eligible:[2 3] ExcludeAuthID:[ann] EligibleAuthID:[ben] ExcludeAuthRole:[guest] EligibleAuthRole:[user] ExcludePage:[] EligiblePage:[]}"
	if got != want {
		t.Errorf("read %s\nwant %s", got, want)
	}
	if !slices.Equal(f.Targets(), []wamp.ID{2, 3}) {
		t.Errorf("the targets are %v", f.Targets())
	}
}

func TestAMatcherCostsNoAllocationForEachSession(t *testing.T) {
	f := publication.Filter{Exclude: []wamp.ID{1}, EligibleAuthRole: []string{"user", "staff"}}
	matcher := f.Matcher()
	ann := publication.Receiver{Session: 2, AuthID: "ann", Roles: []string{"user"}}
	if n := testing.AllocsPerRun(100, func() { matcher.Admits(ann) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
