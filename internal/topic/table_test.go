package topic_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

func mustCompile(t interface {
	Helper()
	Fatal(args ...any)
}, declarations []topic.Declaration, options topic.Options,
) *topic.Table {
	t.Helper()
	table, problems := topic.Compile(declarations, options)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return table
}

var shop = []topic.Declaration{
	{Pattern: "order.{id:int}", Subscribe: `identity.role == "staff"`, Publish: "backend"},
	{Pattern: "order.new", Subscribe: "true", Publish: "backend"},
	{Pattern: "order.{id:int}.notes", Subscribe: `"sales" in identity.roles`},
	{Pattern: "user.{user}.mail", Subscribe: "params.user == identity.id", Publish: "backend"},
	{Pattern: "user.{user}.flash", Subscribe: "params.user == identity.id", Publish: "backend"},
	{Pattern: "price.{symbol}", Subscribe: "true", Publish: "backend"},
	{Pattern: "echo", Subscribe: "true", Publish: `topic == "echo"`},
	{Pattern: "asked.{x}", Subscribe: "true", AskedOnSubscribe: true},
	{Pattern: "{tenant}.site.status", Subscribe: "true", Publish: "true"},
	{Pattern: "tidings.maintenance", Subscribe: "true", Reserved: true},
	{Pattern: "tidings.{a}.b", Subscribe: "backend", Reserved: true},
	{Kind: topic.Procedure, Pattern: "order.{id:int}", Call: "true", Register: "backend"},
}

// Names of version 1 have empty components between slashes, and # where the router has %23.
func TestContractsOfVersion1Names(t *testing.T) {
	table := mustCompile(t, []topic.Declaration{
		{Pattern: "http://example.com/event#new", Subscribe: `identity.role == "staff"`},
		{Pattern: "http://example.com/{name}", Subscribe: `params.name == "open"`},
		{Pattern: "http://example.com/deep//{name}", Subscribe: "true"},
	}, topic.Options{})
	const prefix, wildcard = wamp.MatchPrefix, wamp.MatchWildcard
	for _, test := range []struct {
		uri      wamp.URI
		match    wamp.Match
		contract string // that governs the URI
		want     string // a part of the refusal; "" if the request is allowed
	}{
		{"http://example.com/event%23new", 0, "http://example.com/event#new", ""},
		{"http://example.com/event%23old", 0, "http://example.com/{name}", "the subscribe rule of http://example.com/{name} says no"},
		{"http://example.com/open", 0, "http://example.com/{name}", ""},
		{"http://example.com/deep//x", 0, "http://example.com/deep//{name}", ""},
		{"http://example.com/deep/x/x", 0, "", "is not declared"},
		{"http:/example.com/open", 0, "", "is not declared"},
		{"http:///example.com/open", 0, "", "is not declared"},
		{"http://", 0, "", "is not declared"},
		{"http:/", 0, "", "is not declared"},
		{"http://example.com/", 0, "", "is not declared"},
		{"http://example.com/event%23", prefix, "", "also matches http://example.com/{name}"},
		{"http://example.com/event%2", prefix, "", "also matches http://example.com/"},
		{"http:/", prefix, "", "also matches http://example.com/"},
		{"http://", prefix, "", "also matches http://example.com/"},
		{"http://example.com/deep//", prefix, "", ""},
		{"http://example.com/deep/", prefix, "", ""},
		{"http://example.com/deep/x", prefix, "", "no declared topic matches"},
		{"http://example.com/deep//x", wildcard, "", ""},
		{"http://example.", wildcard, "", "also matches http://example.com/"},
	} {
		verdict, ok := table.Lookup(topic.Topic, test.uri)
		if contract := test.contract; test.match == 0 && (ok != (contract != "") || ok && verdict.Contract.Pattern.String() != contract) {
			t.Errorf("%s is governed by %+v", test.uri, verdict.Contract)
		}
		_, err := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Subscribe, URI: test.uri, Match: test.match})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v, want %q", test.match, test.uri, err, test.want)
		}
	}
}

func TestTheTableDecidesOnRequests(t *testing.T) {
	const (
		sub, pub, call, reg = peer.Subscribe, peer.Publish, peer.Call, peer.Register
		prefix, wildcard    = wamp.MatchPrefix, wamp.MatchWildcard
	)
	table := mustCompile(t, shop, topic.Options{})
	for _, test := range []struct {
		who    *peer.Identity
		action peer.Action
		uri    wamp.URI
		match  wamp.Match
		want   string // of the refusal; "" if the request is allowed
	}{
		{ann, sub, "order.42", 0, ""},
		{ann, pub, "order.42", 0, "ann (role staff) may not publish to order.42: the publish rule of order.{id:int} says no"},
		{erp, pub, "order.42", 0, ""},
		{erp, sub, "order.42", 0, "API key erp may not subscribe to order.42: the subscribe rule of order.{id:int} says no"},
		{guest, sub, "order.42", 0, "an anonymous session may not subscribe to order.42: the subscribe rule of order.{id:int} says no"},
		{guest, sub, "order.new", 0, ""},
		{erp, pub, "order.1.notes", 0, "nobody may publish to order.1.notes: its contract order.{id:int}.notes has no publish rule"},
		{ann, sub, "user.ann.mail", 0, ""},
		{ann, sub, "user.ben.mail", 0, "ann (role staff) may not subscribe to user.ben.mail: the subscribe rule of user.{user}.mail says no"},
		{ann, sub, "order.x", 0, "topic order.x is not declared; the nearest contract is order.{id:int}: id is \"x\", and must be an integer"},
		{ann, call, "order.1", 0, ""},
		{ann, reg, "order.1", 0, "ann (role staff) may not register order.1: the register rule of order.{id:int} says no"},
		{erp, reg, "order.1", 0, ""},
		{ann, call, "order.new", 0, "procedure order.new is not declared as a procedure; it is declared as a topic, under topics"},

		// Reserved URIs.
		{ann, sub, "acme.site.status", 0, ""},
		{ann, sub, "tidings.maintenance", 0, ""},
		{ann, sub, "tidings.site.status", 0, "topic tidings.site.status is not declared, and tidings. is reserved for the server"},
		{ann, sub, "wamp.session.on_join", 0, "topic wamp.session.on_join is not declared, and wamp. is reserved for the server"},
		{ann, pub, "wamp.site.status", 0, "topic wamp.site.status is not declared, and wamp. is reserved for the server"},

		// A pattern is decided by all URIs that it can match.
		{ann, sub, "price.", prefix, ""},
		{ann, sub, "price", prefix, ""},
		{ann, sub, "order.", prefix, ""},
		{guest, sub, "order.", prefix, `an anonymous session may not subscribe to the pattern "order.": it also matches order.{id:int}, whose subscribe rule says no`},
		{guest, sub, "order.n", prefix, ""},
		{ann, sub, "user.", prefix, `the pattern "user." also matches user.{user}.mail, whose subscribe rule decides over single topics`},
		{ann, sub, "user.ann.", prefix, ""},
		{ann, sub, "user.ben.", prefix, `ann (role staff) may not subscribe to the pattern "user.ben.": it also matches user.{user}.mail, whose subscribe rule says no`},
		{ann, sub, "user.ann", prefix, `the pattern "user.ann" also matches user.{user}.mail, whose subscribe rule decides over single topics`},
		{ann, sub, "user.ann.", wildcard, ""},
		{ann, sub, "user..mail", wildcard, `the pattern "user..mail" also matches user.{user}.mail, whose subscribe rule decides over single topics`},
		{ann, sub, "order..notes", wildcard, ""},
		{ann, sub, "asked.", prefix, `the pattern "asked." also matches asked.{x}, whose handler decides over single topics: subscribe to each topic by its name`},
		{ann, sub, "stock/", prefix, `no declared topic matches the prefix "stock/"; declare one under topics in the configuration`},
		{ann, sub, "price..x", wildcard, `no declared topic matches the wildcard "price..x"; declare one under topics in the configuration`},
		{erp, pub, "ec", prefix, `the pattern "ec" also matches echo, whose publish rule decides over single topics`},
		{erp, reg, "order.", prefix, ""},
		{ann, reg, "order.", wildcard, `ann (role staff) may not register the pattern "order.": it also matches order.{id:int}, whose register rule says no`},
		{ann, sub, "", prefix, `ann (role staff) may not subscribe to the pattern "": it also matches wamp., which is reserved`},
		{ann, sub, "wa", prefix, `ann (role staff) may not subscribe to the pattern "wa": it also matches wamp., which is reserved`},
		{ann, sub, ".site.status", wildcard, `ann (role staff) may not subscribe to the pattern ".site.status": it also matches wamp., which is reserved`},
		{erp, sub, ".site.status", wildcard, ""},
		{erp, sub, "tidings.", prefix, ""},
		{ann, sub, "tidings.", prefix, `ann (role staff) may not subscribe to the pattern "tidings.": it also matches tidings.{a}.b, whose subscribe rule says no`},
	} {
		_, err := table.Authorize(t.Context(), topic.Request{Identity: test.who, Action: test.action, URI: test.uri, Match: test.match})
		got := ""
		if err != nil {
			failure, ok := err.(*wamp.Failure) //nolint:errorlint // the contract is the bare type
			if !ok || failure.URI != wamp.ErrNotAuthorized {
				t.Errorf("%s %s %s: the error is %v", test.who.ID, test.action, test.uri, err)
				continue
			}
			got = failure.Message
		}
		if got != test.want {
			t.Errorf("%s %s %s %s: got\n\t%q instead of\n\t%q", test.who.ID, test.action, test.match, test.uri, got, test.want)
		}
	}
	if table.Refused(topic.Undeclared) == 0 || table.Refused(topic.RuleSaysNo) == 0 || table.Refused(topic.PatternTooWide) == 0 || table.Refused(topic.BadPayload) != 0 {
		t.Error("refusals are not counted by reason")
	}
}

func TestVerdictsNameContractAndParameters(t *testing.T) {
	table := mustCompile(t, shop, topic.Options{})
	v, err := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Subscribe, URI: "order.42.notes"})
	if err != nil || v.Contract.Pattern.String() != "order.{id:int}.notes" || v.Contract.Declaration != 2 || v.Params["id"] != "42" {
		t.Errorf("got %+v, %v", v, err)
	}
	if len(table.Contracts()) != len(shop) || table.Contracts()[3].Rule(peer.Subscribe).String() != "params.user == identity.id" {
		t.Error("the contracts are not listed as they were declared")
	}
}

func TestUndeclaredTopicsMayBeAllowed(t *testing.T) {
	table := mustCompile(t, shop, topic.Options{Undeclared: topic.Allow})
	for _, test := range []struct {
		uri   wamp.URI
		match wamp.Match
		want  bool
	}{
		{"anything.at.all", wamp.MatchExact, true},
		{"order.new", wamp.MatchExact, true},
		{"order.1", wamp.MatchExact, false},
		{"tidings.something", wamp.MatchExact, false},
		{"wamp.something", wamp.MatchExact, false},
		{"anything.", wamp.MatchPrefix, true},
		{"order.", wamp.MatchPrefix, false},
		{"", wamp.MatchPrefix, false},
	} {
		v, err := table.Authorize(t.Context(), topic.Request{Identity: guest, Action: peer.Subscribe, URI: test.uri, Match: test.match})
		if (err == nil) != test.want {
			t.Errorf("%s %q: %+v, %v", test.match, test.uri, v, err)
		}
	}
}

func TestContractsThatCompeteAreProblems(t *testing.T) {
	_, problems := topic.Compile([]topic.Declaration{
		{Pattern: "order.{id:int}"},
		{Pattern: "order.{id:int}.x"},
		{Pattern: `order.{n:\d+}`},
		{Pattern: "order.{id:int}"},
		{Pattern: "order.{any}"},
		{Pattern: "order.new"},
		{Pattern: "{a}.new"},
		{Pattern: "tidings.x"},
		{Pattern: "wamp"},
		{Pattern: "tidings.{x}", Reserved: true},
		{Kind: topic.Procedure, Pattern: "order.{id:int}"},
	}, topic.Options{})
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%d/%d %s", p.Declaration, p.Other, p.Message))
	}
	want := []string{
		`2/0 order.{n:\d+} can match the same topic as order.{id:int}`,
		`3/0 order.{id:int} is declared twice`,
		`6/4 {a}.new can match the same topic as order.{any}`,
		`7/-1 tidings. is reserved for the server`,
		`8/-1 wamp. is reserved for the server`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\ninstead of\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAllMistakesOfAllContractsAreReported(t *testing.T) {
	_, problems := topic.Compile([]topic.Declaration{
		{Pattern: "a.{x:itn}", Subscribe: "params.x == y", Publish: "backnd", Schema: "none.json"},
		{Pattern: "a.b", Subscribe: "tru"},
	}, topic.Options{Directory: t.TempDir()})
	if len(problems) != 5 {
		t.Errorf("got %d problems: %v", len(problems), problems)
	}
}

// A mistake in one part of a contract hides none in another, nor in another contract.
func TestAContractWithAnotherMistakeStillCompetes(t *testing.T) {
	table, problems := topic.Compile([]topic.Declaration{
		{Pattern: "order.{id:int}", Subscribe: "tru"},
		{Pattern: "order.{id:int}", Schema: "none.json"},
		{Pattern: `order.{n:\d+}`},
		{Pattern: "price.{symbol}", Subscribe: "true"},
	}, topic.Options{Directory: t.TempDir()})
	var got []string
	for _, p := range problems {
		message, _, _ := strings.Cut(p.Message, ": ")
		got = append(got, fmt.Sprintf("%d/%d %s", p.Declaration, p.Other, message))
	}
	want := []string{
		`0/-1 there is no tru here`,
		`1/0 order.{id:int} is declared twice`,
		`1/-1 compile schema none.json`,
		`2/0 order.{n:\d+} can match the same topic as order.{id:int}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\ninstead of\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if contracts := table.Contracts(); len(contracts) != 1 || contracts[0].Declaration != 3 {
		t.Errorf("the table has %v", contracts)
	}
}

// anyDeclarations draws declarations without rivals.
func anyDeclarations(t *rapid.T) []topic.Declaration {
	rules := []string{"true", "false", "backend", "params.p1 == identity.id", "params.p0 == \"a\" and true", `topic == "a.b"`, ""}
	var list []topic.Declaration
	for i := range rapid.IntRange(1, 8).Draw(t, "contracts") {
		d := topic.Declaration{Pattern: anyPattern(t, fmt.Sprintf("pattern %d", i)), Subscribe: rapid.SampledFrom(rules).Draw(t, "rule")}
		if _, problems := topic.Compile(append(list, d), topic.Options{}); len(problems) == 0 {
			list = append(list, d)
		}
	}
	return list
}

func TestLookupFindsTheMostSpecificContract(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		declarations := anyDeclarations(t)
		table := mustCompile(t, declarations, topic.Options{})
		for range 20 {
			uri := anyURI(t, "uri")
			want := -1 // found by comparing all contracts
			for i, d := range declarations {
				p := mustPattern(t, d.Pattern)
				if _, ok := p.Match(uri); ok && (want < 0 || p.MoreSpecific(mustPattern(t, declarations[want].Pattern))) {
					want = i
				}
			}
			got := -1
			if v, ok := table.Lookup(topic.Topic, wamp.URI(uri)); ok {
				got = v.Contract.Declaration
			}
			if got != want {
				t.Fatalf("%s is found at contract %d instead of %d of %v", uri, got, want, declarations)
			}
		}
	})
}

func TestContractsCompeteIfAndOnlyIfTheirPatternsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, second := anyPattern(t, "first"), anyPattern(t, "second")
		a, b := mustPattern(t, first), mustPattern(t, second)
		want := a.Overlaps(b) && !a.MoreSpecific(b) && !b.MoreSpecific(a)
		_, problems := topic.Compile([]topic.Declaration{{Pattern: first}, {Pattern: second}}, topic.Options{})
		if (len(problems) > 0) != want {
			t.Fatalf("%s and %s: %v", first, second, problems)
		}
	})
}

// matches implements WAMP's definition of prefix and wildcard matching.
func matches(pattern string, match wamp.Match, uri string) bool {
	if match == wamp.MatchPrefix {
		return strings.HasPrefix(uri, pattern)
	}
	p, u := strings.Split(pattern, "."), strings.Split(uri, ".")
	if len(p) != len(u) {
		return false
	}
	for i := range p {
		if p[i] != "" && p[i] != u[i] {
			return false
		}
	}
	return true
}

func TestAPatternIsNeverWiderThanItsTopics(t *testing.T) {
	who := &peer.Identity{ID: "b", Roles: []string{"staff"}, Method: "ticket"}
	rapid.Check(t, func(t *rapid.T) {
		table := mustCompile(t, anyDeclarations(t), topic.Options{})
		match := rapid.SampledFrom([]wamp.Match{wamp.MatchPrefix, wamp.MatchWildcard}).Draw(t, "match")
		pattern := anyURI(t, "pattern")
		if match == wamp.MatchPrefix {
			pattern = pattern[:rapid.IntRange(1, len(pattern)).Draw(t, "cut")]
		} else {
			parts := strings.Split(pattern, ".")
			for i := range parts {
				if rapid.Bool().Draw(t, "blank") {
					parts[i] = ""
				}
			}
			pattern = strings.Join(parts, ".")
		}
		request := topic.Request{Identity: who, Action: peer.Subscribe, URI: wamp.URI(pattern), Match: match}
		_, err := table.Authorize(t.Context(), request)
		for range 30 {
			uri := anyURI(t, "uri")
			if !matches(pattern, match, uri) {
				continue
			}
			_, declared := table.Lookup(topic.Topic, wamp.URI(uri))
			if !declared || err != nil {
				continue
			}
			exact := request
			exact.URI, exact.Match = wamp.URI(uri), wamp.MatchExact
			if _, refused := table.Authorize(t.Context(), exact); refused != nil {
				t.Fatalf("%s %q is allowed, but not %s, which it matches: %v", match, pattern, uri, refused)
			}
		}
	})
}

func BenchmarkAuthorize(b *testing.B) {
	var declarations []topic.Declaration
	for i := range 5000 {
		declarations = append(declarations, topic.Declaration{Pattern: fmt.Sprintf("app%d.{id:int}.{name}.changed", i), Subscribe: "params.name == identity.id", Publish: "backend"})
	}
	table := mustCompile(b, declarations, topic.Options{})
	for name, request := range map[string]topic.Request{
		"backend rule": {Identity: erp, Action: peer.Publish, URI: "app4711.42.ann.changed"},
		"computed":     {Identity: ann, Action: peer.Subscribe, URI: "app4711.42.ann.changed"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := table.Authorize(b.Context(), request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestATableIsSafeForConcurrentUse(t *testing.T) {
	table := mustCompile(t, shop, topic.Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if _, err := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Subscribe, URI: "user.ann.mail"}); err != nil {
					t.Error(err)
				}
				if _, err := table.Authorize(t.Context(), topic.Request{Identity: guest, Action: peer.Publish, URI: "echo"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
