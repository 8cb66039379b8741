package topic_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

var nearDeclarations = []topic.Declaration{
	{Pattern: "order.{id:int}", Subscribe: "true", Publish: "true"},
	{Pattern: "user.{user}.flash", Subscribe: "params.user == identity.id", Publish: "backend"},
	{Pattern: "task.{state:open|done}", Subscribe: "true"},
	{Pattern: "mail.{address:[a-z]+@[a-z.]+}", Subscribe: "true"},
	{Pattern: "path/{room}/news", Subscribe: "true"},
	{Pattern: "{tenant}.{kind}", Subscribe: "true"},
	{Kind: topic.Procedure, Pattern: "erp.reserve.{id:int}", Call: "true"},
}

func TestARefusalNamesTheNearestContract(t *testing.T) {
	table := mustCompile(t, nearDeclarations, topic.Options{})
	for _, test := range []struct{ uri, want string }{
		{"order.1.x", `the nearest contract is order.{id:int}: it ends before ".x"`},
		{"ordr.1.x", "topic ordr.1.x is not declared; declare it under topics in the configuration"},
		{"user.ann", ""}, // {tenant}.{kind}
		{"user.ann.flsh", "the nearest contract is user.{user}.flash: did you mean flash instead of flsh?"},
		{"usr.ann.flash", "the nearest contract is user.{user}.flash: did you mean user instead of usr?"},
		{"user.ann@example.com.flash", "the nearest contract is user.{user}.flash: in a parameter the characters . / # % and white space are percent-encoded: user.ann@example%2Ecom.flash"},
		{"user.a%2eb.flash", `the nearest contract is user.{user}.flash: user is spelled "a%2eb", and must be spelled "a%2Eb"`},
		{"user.100%.flash", `user is spelled "100%", and must be spelled "100%25"`},
		{"user/ann/flash", `it has '.' before {user}, where the URI has '/'`},
		{"path/a/b/news", "path/a%2Fb/news"},
		{"erp.reserve.7", "topic erp.reserve.7 is not declared as a topic; it is declared as a procedure, under procedures"},
		{"nothing.like.it.at.all", "topic nothing.like.it.at.all is not declared; declare it under topics in the configuration"},
	} {
		_, err := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Subscribe, URI: wamp.URI(test.uri)})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.uri, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s:\ngot  %v\nwant %s", test.uri, err, test.want)
		}
	}
	typed := mustCompile(t, nearDeclarations[:4], topic.Options{})
	for uri, want := range map[wamp.URI]string{
		"order.abc":  `topic order.abc is not declared; the nearest contract is order.{id:int}: id is "abc", and must be an integer`,
		"order":      `the nearest contract is order.{id:int}: the URI lacks ".{id:int}"`,
		"order.%31":  `id is spelled "%31", and must be spelled "1"`,
		"task.ready": `state is "ready", and must be one of done, open`,
		"mail.ann":   `address is "ann", and must match [a-z]+@[a-z.]+`,
		"oder.7":     "did you mean order instead of oder?",
	} {
		if got := typed.Undeclared(topic.Topic, uri); !strings.Contains(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", uri, got, want)
		}
	}
}

// Pages write tags and records, not the topics that the features make of them.
func TestARefusalNamesTheSectionOfAPrefix(t *testing.T) {
	table := mustCompile(t, []topic.Declaration{
		{Pattern: "tidings.content.order.{id:int}", Subscribe: "true", Reserved: true},
		{Pattern: "order.{id:int}", Subscribe: "true"},
	}, topic.Options{Prefixes: []topic.Prefix{
		{Text: "tidings.content.", Section: "content"},
		{Text: "tidings.presence.", Section: "presence"},
		{Kind: topic.Procedure, Text: "tidings.presence.enter.", Section: "presence"},
	}})
	for _, test := range []struct {
		action    peer.Action
		uri, want string
	}{
		{peer.Subscribe, "tidings.content.ordr.42", "ordr.42 is not declared under content in the configuration; the nearest pattern is order.{id:int}: did you mean order instead of ordr?"},
		{peer.Subscribe, "tidings.content.order.x", `order.x is not declared under content in the configuration; the nearest pattern is order.{id:int}: id is "x", and must be an integer`},
		{peer.Subscribe, "tidings.content.customer.7", "customer.7 is not declared under content in the configuration: add a pattern for it there"},
		{peer.Subscribe, "tidings.presence.order.42", "order.42 is not declared under presence in the configuration: add a pattern for it there"},
		{peer.Call, "tidings.presence.enter.order.42", "order.42 is not declared under presence in the configuration: add a pattern for it there"},
		{peer.Call, "tidings.content.order.42", "procedure tidings.content.order.42 is not declared, and tidings. is reserved for the server"},
		{peer.Subscribe, "tidings.site.order.42", "topic tidings.site.order.42 is not declared, and tidings. is reserved for the server"},
	} {
		_, err := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: test.action, URI: wamp.URI(test.uri)})
		if err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", test.uri, err, test.want)
		}
	}
	if got := table.Undeclared(topic.Topic, "tidings.content.ordr.42"); !strings.HasPrefix(got, "ordr.42 is not declared under content") {
		t.Error(got)
	}
}

func TestRulesAndTypesSeeDecodedParameters(t *testing.T) {
	table := mustCompile(t, nearDeclarations, topic.Options{})
	mail := &peer.Identity{ID: "ann@example.com", Method: "ticket"}
	for _, test := range []struct {
		uri     wamp.URI
		match   wamp.Match
		allowed bool
	}{
		{"user.ann@example%2Ecom.flash", wamp.MatchExact, true},
		{"user.ben@example%2Ecom.flash", wamp.MatchExact, false},
		{"user.ann@example%2ecom.flash", wamp.MatchExact, false},
		{"user.ann@example%2Ecom.", wamp.MatchPrefix, true},
		{"user.ann@example%2Ecom.flash", wamp.MatchWildcard, true},
		{"user.ann@example%2Ec", wamp.MatchPrefix, false},
		{"mail.ann@example%2Ecom", wamp.MatchExact, true},
	} {
		_, err := table.Authorize(t.Context(), topic.Request{Identity: mail, Action: peer.Subscribe, URI: test.uri, Match: test.match})
		if (err == nil) != test.allowed {
			t.Errorf("%s %s: %v", test.match, test.uri, err)
		}
	}
	if v, ok := table.Lookup(topic.Topic, "user.a%2Fb%25%20c.flash"); !ok || v.Params["user"] != "a/b% c" {
		t.Errorf("the parameters are %v", v.Params)
	}
}

func TestAContractIsFilledByItsPatternWithOrWithoutTypes(t *testing.T) {
	table := mustCompile(t, nearDeclarations, topic.Options{})
	for _, test := range []struct {
		contract string
		params   map[string]string
		want     string // or a part of the error
	}{
		{"user.{user}.flash", map[string]string{"user": "ann@example.com"}, "user.ann@example%2Ecom.flash"},
		{"order.{id:int}", map[string]string{"id": "42"}, "order.42"},
		{"order.{id}", map[string]string{"id": "42"}, "order.42"},
		{"order.{id}", map[string]string{"id": "abc"}, `order.{id:int}: id is "abc", and must be an integer`},
		{"order.{id}", nil, "the contract order.{id:int} has the parameter id, which is not given"},
		{"order.{id}", map[string]string{"id": "1", "idd": "2"}, "the contract order.{id:int} has no parameter idd; did you mean id?"},
		{"user.{user}.flash", map[string]string{"user": ""}, "user is \"\", and must not be empty"},
		{"user.{user}.flsh", map[string]string{"user": "a"}, "there is no contract user.{user}.flsh of a topic; did you mean user.{user}.flash?"},
		{"user.{", nil, `"user.{" is not the pattern of a contract`},
	} {
		got, err := table.Fill(topic.Topic, test.contract, test.params)
		if err != nil && !strings.Contains(err.Error(), test.want) || err == nil && string(got) != test.want {
			t.Errorf("%s %v: got %q, %v, want %s", test.contract, test.params, got, err, test.want)
		}
	}
}
