package topic_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/topic"
)

func mustPattern(t interface {
	Helper()
	Fatal(args ...any)
}, text string,
) *topic.Pattern {
	t.Helper()
	p, err := topic.ParsePattern(text)
	if err != nil {
		t.Fatal(text, err)
	}
	return p
}

func TestPatternsMatchTheirTopics(t *testing.T) {
	const id = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for _, test := range []struct {
		pattern string
		yes     []string
		no      []string
	}{
		{"order.created", []string{"order.created"}, []string{"", "order", "order.created.", "order.created.x", "order/created", "Order.created", ".order.created"}},
		{"order.{id:int}", []string{"order.0", "order.42", "order.-7", "order.999999999999999999"}, []string{"order.007", "order.-0", "order.1e3", "order.", "order.+1", "order.1234567890123456789", "order.4２"}},
		{"file.{id:uuid}", []string{"file." + id, "file." + strings.ToUpper(id)}, []string{"file." + id[:35], "file." + id + "0", "file." + strings.Replace(id, "-", "0", 1), "file.gf8fad5b-d9cb-469f-a165-70867728950e"}},
		{"page.{name:slug}", []string{"page.a", "page.about-us_2"}, []string{"page.-a", "page.a-", "page.a--b", "page.About"}},
		{"country.{code:[a-z]{2}}", []string{"country.de"}, []string{"country.d", "country.deu", "country.DE"}},
		{`oro/email/{user:\d+|\*}/{org:\d+|\*}`, []string{"oro/email/1/2", "oro/email/*/*"}, []string{"oro/email/1", "oro.email.1.2", "oro/email/1/x"}},
		{"task.{state:open|done}", []string{"task.open", "task.done"}, []string{"task.opened", "task.open|done"}},
		{"user.{user}.mail", []string{"user.ann.mail", "user.é#.mail", "user.a@x.mail"}, []string{"user..mail", "user.a.b.mail", "user.a/b.mail", "user.ann"}},
		{"http://a.b/{x:.*}/c#d", []string{"http://a.b/1/c%23d"}, []string{"http:/a.b/1/c%23d", "http:///a.b/1/c%23d", "http://a.b//c%23d", "http://a.b/1/c#d", "http://a.b/1/c"}},
		{"{tenant}/x.{y}", []string{"t/x.1"}, []string{"t.x.1", "t/x/1"}},
		{`a.{x:[^\]}]+}`, []string{"a.b"}, []string{"a.}", "a.]"}},
		{`a.{x:[]}]}`, []string{"a.]", "a.}"}, []string{"a.x"}},
		{`a.{x:\}}`, []string{"a.}"}, []string{`a.\}`}},
		{`a.{x:b|c.d}`, []string{"a.b", "a.cxd"}, []string{"a.bc", "a.c.d"}},
	} {
		p := mustPattern(t, test.pattern)
		for _, uri := range test.yes {
			if _, ok := p.Match(uri); !ok {
				t.Errorf("%s does not match %q", p, uri)
			}
		}
		for _, uri := range test.no {
			if _, ok := p.Match(uri); ok {
				t.Errorf("%s matches %q", p, uri)
			}
		}
	}
}

func TestPatternsNameTheirParameters(t *testing.T) {
	p := mustPattern(t, "a.{x:int}/{y}.b.{z:slug}")
	got, _ := p.Match("a.1/2.b.three")
	if diff := cmp.Diff(map[string]string{"x": "1", "y": "2", "z": "three"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"x", "y", "z"}, p.Names()); diff != "" {
		t.Error(diff)
	}
	if p.Literal() || !mustPattern(t, "a.b").Literal() {
		t.Error("a pattern is literal if and only if it has no parameters")
	}
}

func TestBadPatternsAreExplainedAtTheirPlace(t *testing.T) {
	for _, test := range []struct {
		pattern string
		offset  int
		want    string
	}{
		{"", 0, "the pattern is empty; name a topic, for example order.{id:int}"},
		{"a..b", 2, "a component is empty; write text or a {parameter} between two separators"},
		{"a.", 2, "a component is empty; write text or a {parameter} between two separators"},
		{".a", 0, "a component is empty; write text or a {parameter} between two separators"},
		{"a.*", 2, "* is not a wildcard in a pattern; write a parameter, for example {name}, for any one component"},
		{"a.b c", 3, "' ' may not stand in a URI; remove it"},
		{"a.#", 2, "# is not a wildcard in a pattern; write a parameter, for example {name}, for any one component"},
		{"a//", 3, "a component is empty; write text or a {parameter} between two separators"},
		{"//a", 0, "a component is empty; write text or a {parameter} between two separators"},
		{"a./b", 2, "a component is empty; write text or a {parameter} between two separators"},
		{"order-{id}", 6, `a parameter takes a whole component, but "order-" stands before it; put a separator before the parameter`},
		{"a.{id}x", 6, `a parameter takes a whole component, but "x" stands behind it; put a separator behind the parameter`},
		{"a.b}", 3, "} closes nothing; open the parameter with { or remove the }"},
		{"a.{id", 2, "the parameter is not closed; close it with }"},
		{"a.{x:[}]", 2, "the parameter is not closed; close it with }"},
		{"a.{x:[0-9}.b", 5, "the character class is not closed; close it with ]"},
		{"a.{}", 3, `"" is not a name of a parameter; use letters, digits and _, for example {id:int}`},
		{"a.{1d}", 3, `"1d" is not a name of a parameter; use letters, digits and _, for example {id:int}`},
		{"a.{id}.{id:int}", 8, "the parameter id appears twice; give each its own name"},
		{"a.{id:}", 6, "the type is empty; name a type, for example {id:int}, or leave the colon out"},
		{"a.{id:itn}", 6, "there is no type itn; did you mean int?"},
		{"a.{id:number}", 6, "there is no type number; use int, uuid, slug, a regular expression or a list such as one|two"},
		{"a.{id:(}", 6, "the expression does not compile: missing closing ): (; write a regular expression as Go understands them (RE2)"},
		{"a.{id:[a-z]{1,900}}", 6, "the expression takes up to 1801 steps for each byte; 1000 are allowed; use smaller counts than {1,500}, or + and *"},
		{"a.{id:a)|(b}", 6, "the expression does not compile: unexpected ): a)|(b; write a regular expression as Go understands them (RE2)"},
		{strings.Repeat("a.", 40) + "a", 64, "the pattern has more than 32 components; use fewer components"},
		{strings.Repeat("a", 2000), 1024, "the pattern is longer than 1024 bytes; shorten it"},
	} {
		_, err := topic.ParsePattern(test.pattern)
		e, ok := errors.AsType[*topic.SyntaxError](err)
		if !ok {
			t.Errorf("%.30q: got %v", test.pattern, err)
			continue
		}
		if e.Error() != test.want || e.Offset != test.offset {
			t.Errorf("%.30q: got %q at %d instead of %q at %d", test.pattern, e, e.Offset, test.want, test.offset)
		}
	}
}

func TestOverlapAndOrderOfPatterns(t *testing.T) {
	for _, test := range []struct {
		a, b     string
		overlaps bool
		more     string // which is more specific
	}{
		{"order.{id}", "order.new", true, "b"},
		{"order.{id:int}", "order.new", false, "b"},
		{"order.{id:int}", "order.{name}", true, "a"},
		{"order.{id:int}", "order.{n:int}", true, ""},
		{"order.{id:int}", "order.{n:uuid}", false, ""},
		{"order.{id:int}", "order.{n:slug}", true, ""},
		{"order.{id:int}", `order.{n:\d+}`, true, ""},
		{"order.{id:int}", "order.{n:a|b}", false, ""},
		{"order.{id:int}", "order.{n:a|5}", true, ""},
		{"order.{a:x|y}", "order.{b:y|x}", true, ""},
		{"{a}.x", "x.{b}", true, ""},
		{"{a}.x", "{b}.y", false, ""},
		{"x.{a}.{b:int}", "x.y.{b:int}", true, "b"},
		{"x.{a:int}.z", "x.{a:int}.{b}", true, "a"},
		{"x.{a:int}.z", `x.{a:\d+}.{b}`, true, ""},
		{"a.b", "a/b", false, ""},
		{"a.{x}", "a.{x}.{y}", false, ""},
		{"a.b", "a.b", true, ""},
	} {
		a, b := mustPattern(t, test.a), mustPattern(t, test.b)
		if a.Overlaps(b) != test.overlaps || b.Overlaps(a) != test.overlaps {
			t.Errorf("%s and %s: overlap is not %v", a, b, test.overlaps)
		}
		if a.MoreSpecific(b) != (test.more == "a") || b.MoreSpecific(a) != (test.more == "b") {
			t.Errorf("%s and %s: the more specific one is not %q", a, b, test.more)
		}
	}
}

// anyPattern draws patterns from a few components, so that two patterns often overlap.
func anyPattern(t *rapid.T, label string) string {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "7", "{int}", "{slug}", "{list}", "{regexp}", "{any}"}), 1, 4).Draw(t, label)
	separators := rapid.SliceOfN(rapid.SampledFrom([]string{".", ".", "/"}), len(parts), len(parts)).Draw(t, label+" separators")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString(separators[i])
		}
		name := fmt.Sprintf("p%d", i)
		b.WriteString(map[string]string{
			"{int}": "{" + name + ":int}", "{slug}": "{" + name + ":slug}", "{list}": "{" + name + ":a|c|7}",
			"{regexp}": "{" + name + ":[a-c]+}", "{any}": "{" + name + "}",
		}[part])
		if !strings.HasPrefix(part, "{") {
			b.WriteString(part)
		}
	}
	return b.String()
}

// anyURI draws URIs from the same components.
func anyURI(t *rapid.T, label string) string {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "7", "-7", "ab", "X"}), 1, 4).Draw(t, label)
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString(rapid.SampledFrom([]string{".", ".", "/"}).Draw(t, label+" separator"))
		}
		b.WriteString(part)
	}
	return b.String()
}

func TestPatternsThatMatchOneTopicOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := mustPattern(t, anyPattern(t, "a")), mustPattern(t, anyPattern(t, "b"))
		if a.Overlaps(b) != b.Overlaps(a) {
			t.Fatalf("%s and %s: the order matters", a, b)
		}
		if a.MoreSpecific(b) && b.MoreSpecific(a) {
			t.Fatalf("%s and %s: each is more specific than the other", a, b)
		}
		for range 20 {
			uri := anyURI(t, "uri")
			_, first := a.Match(uri)
			_, second := b.Match(uri)
			if first && second && !a.Overlaps(b) {
				t.Fatalf("%s and %s both match %s, but they are said not to overlap", a, b, uri)
			}
		}
	})
}

func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{"order.{id:int}", "a/{x:[a-z]{2}}.{y}", `a.{x:\}}`, "a.{x:[]}]}", "{x:one|two}", "a.{", "a.{x:(?i)b}", "é.{x}"} {
		f.Add(seed, "a.b.c")
	}
	f.Fuzz(func(t *testing.T, text, uri string) {
		p, err := topic.ParsePattern(text)
		if err != nil {
			e, ok := errors.AsType[*topic.SyntaxError](err)
			if !ok || e.Offset < 0 || e.Offset > len(text) || e.Message == "" || e.Fix == "" {
				t.Fatalf("%q: an incomplete error: %#v", text, err)
			}
			return
		}
		if p.String() != text {
			t.Fatalf("%q became %q", text, p)
		}
		params, ok := p.Match(uri)
		if ok && len(params) != len(p.Names()) {
			t.Fatalf("%q matches %q with %v", text, uri, params)
		}
		if !p.Overlaps(p) && ok {
			t.Fatalf("%q does not overlap with itself", text)
		}
	})
}
