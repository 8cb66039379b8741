package routing_test

import (
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/oro"
	"github.com/tidings-io/tidings/internal/oro/routing"
)

func TestTheBuiltInTopicsAreThoseThatTheServerDeclares(t *testing.T) {
	made, err := read("{}", "", routing.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := made.ForCheck()
	var known struct{ Topics map[string]any }
	if err := yaml.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, d := range (&oro.Config{Oro: &oro.Options{}}).Declare() {
		declared = append(declared, d.Pattern.Value)
	}
	for pattern := range known.Topics {
		if !slices.Contains(declared, pattern) {
			t.Errorf("the server does not declare %s", pattern)
		}
	}
	if len(known.Topics) != len(declared) {
		t.Errorf("%d topics, the server declares %q", len(known.Topics), declared)
	}
}
