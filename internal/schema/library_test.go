package schema_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/schema"
)

// drafts are those whose keywords differ.
var drafts = []string{
	"http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#",
	"https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema",
}

// anySchema draws a schema that uses the keywords which this package validates by itself, and those around them.
func anySchema(t *rapid.T, depth int) any {
	if depth == 0 || rapid.IntRange(0, 9).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]any{
			map[string]any{},
			map[string]any{"type": "integer"},
			map[string]any{"type": []any{"string", "null"}},
			map[string]any{"enum": []any{1, "a", []any{}}},
			map[string]any{"const": map[string]any{"a": 1}},
			map[string]any{"minimum": 1},
			map[string]any{"maxLength": 1},
			map[string]any{"not": map[string]any{}},
			map[string]any{"pattern": "^a"},
			map[string]any{"format": "ipv4"},
			map[string]any{"$ref": "#"},
		}).Draw(t, "simple")
	}
	inner := func() any { return anySchema(t, depth-1) }
	list := func() any { return []any{inner(), inner()} }
	made := map[string]any{}
	for range rapid.IntRange(1, 3).Draw(t, "keywords") {
		switch key := rapid.SampledFrom(keywords).Draw(t, "keyword"); key {
		case "uniqueItems":
			made[key] = true
		case "minContains", "maxContains", "minItems", "maxProperties":
			made[key] = rapid.IntRange(0, 2).Draw(t, "number")
		case "required":
			made[key] = []any{"a"}
		case "allOf", "anyOf", "oneOf", "prefixItems", "itemsList":
			made[strings.TrimSuffix(key, "List")] = list()
		case "properties", "dependentSchemas":
			made[key] = map[string]any{"a": inner(), "bb": inner()}
		case "patternProperties":
			made[key] = map[string]any{"^b": inner(), "b$": inner()}
		case "additionalProperties", "additionalItems":
			made[key] = rapid.SampledFrom([]any{false, true, inner()}).Draw(t, "additional")
		default:
			made[key] = inner()
		}
	}
	return made
}

var keywords = []string{
	"items", "itemsList", "prefixItems", "additionalItems", "contains", "minContains", "maxContains", "uniqueItems", "minItems",
	"properties", "patternProperties", "additionalProperties", "propertyNames", "required", "maxProperties", "dependentSchemas",
	"unevaluatedItems", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
}

func anyValue(t *rapid.T, depth int) any {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
		return rapid.SampledFrom([]any{nil, true, 0, 1, 1.0, 2.5, -3, "", "a", "bb", "1.2.3.4"}).Draw(t, "scalar")
	}
	if rapid.Bool().Draw(t, "list") {
		items := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, anyValue(t, depth-1))
		}
		return items
	}
	members := map[string]any{}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "bb", "b", "c"}), 0, 3).Draw(t, "names") {
		members[name] = anyValue(t, depth-1)
	}
	return members
}

// library validates a text with the library alone. ok is false if it does not compile the schema.
func library(text, value string) (valid, ok bool) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return false, false
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("file:///s.json", document); err != nil {
		return false, false
	}
	compiled, err := c.Compile("file:///s.json")
	if err != nil {
		return false, false
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(value))
	return err == nil && compiled.Validate(instance) == nil, err == nil
}

func encoded(t *rapid.T, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestABoundedValidationAgreesWithTheLibrary(t *testing.T) {
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn := anySchema(t, 3)
		if made, ok := drawn.(map[string]any); ok {
			made["$schema"] = rapid.SampledFrom(drafts).Draw(t, "draft")
		}
		text := encoded(t, drawn)
		s, err := tryCompile(text)
		for range 20 {
			value := encoded(t, anyValue(t, 3))
			want, ok := library(text, value)
			if ok != (err == nil) {
				t.Fatalf("the library compiles %s: %v; this package: %v", text, ok, err)
			}
			if !ok {
				return
			}
			got := s.Validate(t.Context(), []byte(value))
			if _, mismatch := errors.AsType[*schema.MismatchError](got); (got == nil) != want || got != nil && !mismatch {
				t.Fatalf("%s with %s: got %v, the library says %v", value, text, got, want)
			}
			if want {
				accepted++
			} else {
				refused++
			}
		}
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d values were accepted and %d refused", accepted, refused)
	}
}

func TestARefFoundOnlyByADynamicAnchorIsBounded(t *testing.T) {
	s := compile(t, `{
		"$id": "file:///tree", "$ref": "#/$defs/list", "$defs": {
			"list": {"$id": "list", "items": {"$dynamicRef": "#element"}, "$defs": {"any": {"$dynamicAnchor": "element"}}},
			"strings": {"$dynamicAnchor": "element", "type": "string"}
		}}`)
	if err := s.Validate(t.Context(), []byte(`["a"]`)); err != nil {
		t.Error(err)
	}
	expectMismatch(t, s.Validate(t.Context(), []byte(`["a", 1]`)), "at /1: got number, want string")
}
