package pattern_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Patterns of few letters share prefixes, so nodes are split and joined.
var (
	somePrefix   = rapid.StringMatching(`[ab.]{0,6}`)
	someWildcard = rapid.StringMatching(`(a|b|ab)?(\.(a|b|ab)?){0,3}`)
	someTopic    = rapid.StringMatching(`(a|b|ab|ba)(\.(a|b|ab|ba)){0,3}`)
)

func TestTheTriesFindTheSameAsComparingEveryPattern(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tries pattern.Tries
		prefixes, wildcards := map[string]bool{}, map[string]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"toggle prefix": func(t *rapid.T) {
				toggle(somePrefix.Draw(t, "prefix"), prefixes, tries.PutPrefix, tries.RemovePrefix)
			},
			"toggle wildcard": func(t *rapid.T) {
				toggle(someWildcard.Draw(t, "wildcard"), wildcards, tries.PutWildcard, tries.RemoveWildcard)
			},
			"remove a pattern that is not stored": func(t *rapid.T) {
				if s := somePrefix.Draw(t, "prefix"); !prefixes[s] {
					tries.RemovePrefix(s)
				}
				if s := someWildcard.Draw(t, "wildcard"); !wildcards[s] {
					tries.RemoveWildcard(s)
				}
			},
			"": func(t *rapid.T) {
				topic := someTopic.Draw(t, "topic")
				same(t, tries.Prefixes(topic), prefixes, func(p string) bool { return strings.HasPrefix(topic, p) })
				same(t, tries.Wildcards(topic), wildcards, func(p string) bool { return covers(p, topic) })
				for p := range wildcards {
					if got := pattern.Matches(wamp.URI(p), wamp.MatchWildcard, wamp.URI(topic)); got != covers(p, topic) {
						t.Fatalf("Matches(%q, wildcard, %q) is %v", p, topic, got)
					}
				}
				if longest, whole := tries.Longest(topic); longest != longestOf(prefixes, topic) || whole != anyWhole(prefixes, topic) {
					t.Fatalf("of %q the longest prefix is %q, whole: %v", topic, longest, whole)
				}
				if best := tries.Best(topic); best != bestOf(wildcards, topic) {
					t.Fatalf("for %q the best pattern is %q, not %q", topic, best, bestOf(wildcards, topic))
				}
				if got := somePrefix.Draw(t, "prefix"); tries.HasPrefix(got) != prefixes[got] {
					t.Fatalf("prefix %q is stored: %v", got, !prefixes[got])
				}
				if got := someWildcard.Draw(t, "wildcard"); tries.HasWildcard(got) != wildcards[got] {
					t.Fatalf("wildcard %q is stored: %v", got, !wildcards[got])
				}
			},
		})
		for p := range prefixes {
			tries.RemovePrefix(p)
		}
		for p := range wildcards {
			tries.RemoveWildcard(p)
		}
		if n := tries.Nodes(); n != 0 {
			t.Fatalf("%d nodes are left behind", n)
		}
	})
}

func toggle(s string, stored map[string]bool, put, remove func(string)) {
	if stored[s] {
		delete(stored, s)
		remove(s)
		return
	}
	stored[s] = true
	put(s)
}

func same(t *rapid.T, got []string, stored map[string]bool, matches func(string) bool) {
	want := []string{}
	for _, pattern := range slices.Sorted(maps.Keys(stored)) {
		if matches(pattern) {
			want = append(want, pattern)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("matches (-want +got):\n%s", diff)
	}
}

// covers defines a wildcard match.
func covers(pattern, topic string) bool {
	p, c := strings.Split(pattern, "."), strings.Split(topic, ".")
	if len(p) != len(c) {
		return false
	}
	for i := range p {
		if p[i] != "" && p[i] != c[i] {
			return false
		}
	}
	return true
}

func longestOf(prefixes map[string]bool, uri string) string {
	longest := "none"
	for p := range prefixes {
		if strings.HasPrefix(uri, p) && (longest == "none" || len(p) > len(longest)) {
			longest = p
		}
	}
	return longest
}

// anyWhole reports whether a prefix ends where a component of the URI ends.
func anyWhole(prefixes map[string]bool, uri string) bool {
	for p := range prefixes {
		trimmed := strings.TrimSuffix(p, ".")
		if strings.HasPrefix(uri, p) && (trimmed == "" || strings.HasPrefix(uri+".", trimmed+".")) {
			return true
		}
	}
	return false
}

// bestOf chooses as the specification says: the longer run of literal components before the first wildcard wins, then
// the longer run before the second, and so on.
func bestOf(patterns map[string]bool, uri string) string {
	best := "none"
	for p := range patterns {
		if covers(p, uri) && (best == "none" || slices.Compare(runs(p), runs(best)) > 0) {
			best = p
		}
	}
	return best
}

// runs counts the literal components before each wildcard, and those after the last.
func runs(pattern string) []int {
	lengths := []int{0}
	for component := range strings.SplitSeq(pattern, ".") {
		if component == "" {
			lengths = append(lengths, 0)
			continue
		}
		lengths[len(lengths)-1]++
	}
	return lengths
}
