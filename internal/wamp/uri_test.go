package wamp_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/wamp"
)

// uriExpressions returns the specification's expressions. Unicode's white space replaces \s, which means ASCII
// white space in Go. (Python's \s also has U+001C to U+001F.)
func uriExpressions() map[wamp.URIRules]map[wamp.Match]*regexp.Regexp {
	const space = `\s\x0b\x1c-\x1f\x{85}\p{Z}`
	loose, strict := `[^`+space+`\.#]`, `[0-9a-z_]`
	expressions := map[wamp.URIRules]map[wamp.Match]*regexp.Regexp{}
	for strictness, c := range map[wamp.URIRules]string{wamp.LooseURIs: loose, wamp.StrictURIs: strict} {
		expressions[strictness] = map[wamp.Match]*regexp.Regexp{
			wamp.MatchExact:    regexp.MustCompile(`^(` + c + `+\.)*(` + c + `+)$`),
			wamp.MatchPrefix:   regexp.MustCompile(`^(` + c + `+\.)*(` + c + `*)$`),
			wamp.MatchWildcard: regexp.MustCompile(`^((` + c + `+\.)|\.)*(` + c + `+)?$`),
		}
	}
	return expressions
}

func TestURIsAreCheckedLikeTheSpecificationsExpressions(t *testing.T) {
	expressions := uriExpressions()
	alphabet := rapid.SampledFrom([]rune("aZ9_..#-/:ä😀 \t\v\u001c\u0085\u00a0\u2028\u3000\u200b\x00"))
	rapid.Check(t, func(t *rapid.T) {
		uri := wamp.URI(rapid.StringOfN(alphabet, 0, 12, -1).Draw(t, "uri"))
		for strictness, byMatch := range expressions {
			for match, expression := range byMatch {
				err := uri.Check(strictness, match)
				if want := expression.MatchString(string(uri)); want != (err == nil) {
					t.Fatalf("%q %v %s: the expression says %v, Check says %v", uri, strictness, match, want, err)
				}
			}
		}
	})
}

func FuzzURI(f *testing.F) {
	expressions := uriExpressions()
	for _, seed := range []string{"", ".", "..", "a", "a.b", "a..b", "a.", ".a", "a b", "a#", "\u00a0", "oro/email_event/*/*", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > wamp.MaxURIBytes || strings.Count(text, ".") >= wamp.MaxURIComponents {
			return
		}
		text = strings.ToValidUTF8(text, "")
		for strictness, byMatch := range expressions {
			for match, expression := range byMatch {
				err := wamp.URI(text).Check(strictness, match)
				if want := expression.MatchString(text); want != (err == nil) {
					t.Fatalf("%q %v %s: the expression says %v, Check says %v", text, strictness, match, want, err)
				}
			}
		}
	})
}

func TestURIsAreLimitedInBytesAndComponents(t *testing.T) {
	for name, uri := range map[string]wamp.URI{
		"bytes":       wamp.URI(strings.Repeat("a", wamp.MaxURIBytes+1)),
		"components":  wamp.URI(strings.Repeat("a.", wamp.MaxURIComponents) + "a"),
		"UTF-8":       "a.\xff",
		"white space": "a. b",
	} {
		err := uri.Check(wamp.LooseURIs, wamp.MatchWildcard)
		if err == nil || !strings.HasPrefix(failure(err), string(wamp.ErrInvalidURI)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := wamp.URI(strings.Repeat("a", wamp.MaxURIBytes)).Check(wamp.StrictURIs, wamp.MatchExact); err != nil {
		t.Error(err)
	}
	if err := wamp.URI(strings.Repeat("a.", wamp.MaxURIComponents-1)+"a").Check(wamp.StrictURIs, wamp.MatchExact); err != nil {
		t.Error(err)
	}
}

func TestMatchPoliciesHaveTheSpecificationsNames(t *testing.T) {
	for name, want := range map[string]wamp.Match{"": wamp.MatchExact, "exact": wamp.MatchExact, "prefix": wamp.MatchPrefix, "wildcard": wamp.MatchWildcard} {
		got, err := wamp.ParseMatch(name)
		if err != nil || got != want || name != "" && got.String() != name {
			t.Errorf("%q: %s, %v", name, got, err)
		}
	}
	if _, err := wamp.ParseMatch("regex"); err == nil {
		t.Error("regex is no policy")
	}
}
