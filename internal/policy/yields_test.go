package policy_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/router/peer"
)

func TestADeclarationYieldsToAContractOfTheSameShape(t *testing.T) {
	const pattern = "shop/{user_id:[0-9]+}/mail"
	yielding := []policy.Declaration{{Pattern: feature.Literal(pattern), Doc: "built in", Subscribe: feature.Always(), Yields: true}}
	for yaml, want := range map[string]string{
		"{}": "built in",
		"topics: {'shop/{user:int}/mail': {doc: own, subscribe: 'true'}}": "own",
		"topics: {'shop/{x}/mail': {doc: own, subscribe: 'true'}}":        "own",
		"topics: {'shop/{x}/news': {doc: own, subscribe: 'true'}}":        "built in",
		"topics: {'shop.{x}.mail': {doc: own, subscribe: 'true'}}":        "built in", // other separators
		"topics: {'shop/7/mail': {doc: own, subscribe: 'true'}}":          "own",      // of that user only
	} {
		parsed, err := config.Parse("test.yaml", []byte(yaml), config.Options{Lookup: func(string) (string, bool) { return "", false }})
		if err != nil {
			t.Fatal(err)
		}
		compiled, problems := policy.Compile(policy.Source{Config: parsed, Declarations: yielding})
		if len(problems) > 0 {
			t.Fatal(yaml, problems)
		}
		p := policy.New(policy.Options{Contracts: compiled, Keys: scopes})
		got := p.Explain(t.Context(), policy.Request{Action: peer.Subscribe, URI: "shop/7/mail"})
		if isOwn := got.Reason.Contract != pattern; got.Refusal != nil || isOwn != (want == "own") {
			t.Errorf("%s: %+v", yaml, got)
		}
	}
}
