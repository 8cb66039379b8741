package schema_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/schema"
)

func TestANumberThatNoFloatHoldsIsRefusedBeforeTheValidation(t *testing.T) {
	absurd := []string{"1e-999999", "1e-1000001", "1e999999", "-1e400", "1e309", "0.1e-400", "1e-324", "0.0" + strings.Repeat("0", 400) + "1", "1e-99999999999999999999", "4" + strings.Repeat("0", 400)}
	for _, text := range []string{
		`{"items": {"type": "integer"}}`, `{"items": {"minimum": 0}}`, `{"items": {"multipleOf": 0.01}}`, `{"items": {"const": 1}}`,
		`{"items": {"enum": [1, "a"]}}`, `{"uniqueItems": true}`, `{"contains": {"exclusiveMaximum": 3}}`, `true`,
	} {
		s := compile(t, text)
		for _, number := range absurd {
			expectMismatch(t, s.Validate(t.Context(), []byte(`[1, `+number+`]`)), "at /1: the number "+number[:min(len(number), 40)])
		}
		expectMismatch(t, s.Validate(t.Context(), []byte(`{"a": [{"b/c": 1e400}]}`)), "at /a/0/b~1c: the number 1e400 is out of the range of 64-bit floats")
	}
}

func TestNumbersThatAFloatHoldsAreValidated(t *testing.T) {
	for _, test := range []struct{ schema, value, want string }{
		{`{"type": "integer"}`, `1.0`, ""},
		{`{"type": "integer"}`, `1e2`, ""},
		{`{"type": "integer"}`, `-0.0`, ""},
		{`{"type": "integer"}`, `18446744073709551615`, ""},
		{`{"type": "integer"}`, `123456789012345678901234567890`, ""},
		{`{"type": "integer"}`, `1.5`, "got number, want integer"},
		{`{"type": "integer"}`, `5e-324`, "got number, want integer"},
		{`{"type": "integer"}`, `0.00` + strings.Repeat("0", 400) + `e999`, ""},
		{`{"type": "integer"}`, `1` + strings.Repeat("0", 400) + `e-400`, ""},
		{`{"type": "integer"}`, `0e-999999`, ""},
		{`{"type": ["string", "null"]}`, `1`, "got number, want null or string"},
		{`{"const": 1}`, `1.0`, ""},
		{`{"const": 9007199254740993}`, `9007199254740993`, ""},
		{`{"const": 9007199254740993}`, `9007199254740992`, "value must be 9007199254740993"},
		{`{"const": 9223372036854775808}`, `9.223372036854775808e18`, ""},
		{`{"enum": [0.5, 1e3]}`, `1000`, ""},
		{`{"multipleOf": 0.01}`, `19.99`, ""},
		{`{"multipleOf": 0.01}`, `19.999`, "multipleOf"},
		{`{"minimum": 1e-300}`, `1e-307`, "minimum"},
		{`{"maximum": 1.7976931348623157e308}`, `1.7976931348623157e308`, ""},
		{`{"uniqueItems": true}`, `[1, {"a": 2}, {"a": 2.0}]`, "items at 1 and 2 are equal"},
		{`{"uniqueItems": true}`, `[1, "1", true, null, [1], {"1": 1}, 0, false, ""]`, ""},
	} {
		err := compile(t, test.schema).Validate(t.Context(), []byte(test.value))
		if test.want == "" {
			if err != nil {
				t.Errorf("%s with %s: %v", test.value, test.schema, err)
			}
			continue
		}
		expectMismatch(t, err, test.want)
	}
}

func TestASchemaWithANumberThatNoFloatHoldsIsRefused(t *testing.T) {
	for _, keyword := range []string{"minimum", "maximum", "exclusiveMinimum", "multipleOf", "const", "minLength", "default"} {
		_, err := tryCompile(`{"properties": {"x": {"` + keyword + `": 1e999999}}}`)
		want := "at /properties/x/" + keyword + ": the number 1e999999 is out of the range of 64-bit floats"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", keyword, err)
		}
	}
	if _, err := tryCompile(`{"enum": [1, 1e-1000001]}`); err == nil || !strings.Contains(err.Error(), "at /enum/1") {
		t.Errorf("got %v", err)
	}
}

func TestManyMistakesCostNoMoreMemoryThanNone(t *testing.T) {
	const n = 5000
	list := func(item string) []byte {
		return []byte("[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]")
	}
	dict := func(member string) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"k%05d": %s`, i, member)
		}
		return []byte("{" + b.String()[1:] + "}")
	}
	for _, test := range []struct {
		schema     string
		good, evil []byte
		want       string
	}{
		{`{"items": {"type": "integer"}}`, list("1"), list(`"a"`), "at /0: got string, want integer; at /1: "},
		{`{"items": {"minimum": 1}}`, list("1"), list("0"), "; and more"},
		{`{"items": {"anyOf": [{"type": "integer"}, {"type": "null"}, {"const": "b"}]}}`, list(`"b"`), list(`"a"`), "at /0: "},
		{`{"items": {"allOf": [{"minLength": 1}, {"pattern": "b"}]}}`, list(`"b"`), list(`""`), "at /0: "},
		{`{"items": {"items": {"type": "integer"}}}`, list("[1]"), list("[null]"), "at /0/0: "},
		{`{"contains": {"const": 1}}`, list("1"), list("0"), "value must be 1"},
		{`{"items": false, "prefixItems": [true]}`, []byte("[1]"), list("0"), "at /1: false schema"},
		{`{"unevaluatedItems": {"type": "integer"}, "allOf": [{"prefixItems": [{"type": "string"}]}]}`, append([]byte(`["s",`), list("1")[1:]...), append([]byte(`["s",`), list("null")[1:]...), "got null, want integer"},
		{`{"additionalProperties": {"type": "integer"}}`, dict("1"), dict("null"), "got null, want integer"},
		{`{"additionalProperties": false}`, []byte("{}"), dict("1"), "additional properties"},
		{`{"patternProperties": {"^k": {"type": "integer"}}}`, dict("1"), dict("null"), "got null, want integer"},
		{`{"propertyNames": {"maxLength": 6}}`, dict("1"), []byte(strings.ReplaceAll(string(dict("1")), `"k`, `"kkk`)), "maxLength"},
		{`{"unevaluatedProperties": false, "allOf": [{"properties": {"k": true}}]}`, []byte("{}"), dict("1"), "false schema"},
		{
			`{"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}], "additionalItems": {"type": "integer"}}`,
			append([]byte(`["s",`), list("1")[1:]...), append([]byte(`["s",`), list("null")[1:]...), "at /1: got null",
		},
	} {
		s := compile(t, test.schema)
		if err := s.Validate(t.Context(), test.good); err != nil {
			t.Errorf("%s: %v", test.schema, err)
		}
		var err error
		good := alloctest.Bytes(func() { _ = compile(t, `true`).Validate(t.Context(), test.evil) })
		evil := alloctest.Bytes(func() { err = s.Validate(t.Context(), test.evil) })
		expectMismatch(t, err, test.want)
		if evil > 8*good {
			t.Errorf("%s: %d mistakes allocate %d bytes, no validation %d", test.schema, n, evil, good)
		}
	}
}

// explosive accepts no value, but tries two ways at each level of a value: 2^60 in all.
const explosive = `{"$defs": {"node": {"anyOf": [
	{"properties": {"n": {"$ref": "#/$defs/node"}}, "required": ["x"]},
	{"properties": {"n": {"$ref": "#/$defs/node"}}, "required": ["y"]}
]}}, "$ref": "#/$defs/node"}`

func nested(depth int) []byte {
	return []byte(strings.Repeat(`{"n": `, depth) + "1" + strings.Repeat("}", depth))
}

func TestAValidationThatTakesTooManyStepsIsStopped(t *testing.T) {
	if err := compile(t, explosive).Validate(t.Context(), nested(8)); err == nil || errors.Is(err, schema.ErrTooCostly) {
		t.Errorf("a small value: %v", err)
	}
	if err := compile(t, explosive).Validate(t.Context(), nested(60)); !errors.Is(err, schema.ErrTooCostly) {
		t.Errorf("got %v", err)
	}
	for name, other := range map[string]string{
		"not":    strings.NewReplacer("#/", "#/not/", `"required": ["x"]`, `"allOf": [{"required": ["x"]}]`, `"required": ["y"]`, `"allOf": [{"required": ["x"]}]`).Replace(`{"not": ` + explosive + `}`),
		"oneOf":  strings.ReplaceAll(explosive, "anyOf", "oneOf"),
		"old":    strings.Replace(strings.ReplaceAll(explosive, "$defs", "definitions"), "{", `{"$schema": "http://json-schema.org/draft-07/schema#", `, 1),
		"anchor": strings.Replace(strings.ReplaceAll(explosive, `"$ref": "#/$defs/node"`, `"$dynamicRef": "#node"`), `"anyOf"`, `"$dynamicAnchor": "node", "anyOf"`, 1),
	} {
		if err := compile(t, other).Validate(t.Context(), nested(60)); !errors.Is(err, schema.ErrTooCostly) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatIsExpensiveCountsAsManySteps(t *testing.T) {
	numbers := func(n int, number string) string { return strings.TrimSuffix(strings.Repeat(number+",", n), ",") }
	var texts []string
	for i := range 10_000 {
		texts = append(texts, fmt.Sprintf(`"t%d"`, i))
	}
	var patterns []string
	for i := range 500 {
		patterns = append(patterns, fmt.Sprintf(`"%d[a-z]{40}x": true`, i))
	}
	var keys []string
	for i := range 5000 {
		keys = append(keys, fmt.Sprintf(`"%d%s": 1`, i, strings.Repeat("a", 50)))
	}
	for name, test := range map[string]struct{ schema, value string }{
		"a large enum for many values":     {`{"items": {"enum": [` + strings.Join(texts, ",") + `]}}`, `[` + strings.Join(texts, ",") + `]`},
		"a regular expression with counts": {`{"pattern": "(a{1,30}b?){1,30}c$"}`, `"` + strings.Repeat("a", 1<<20) + `"`},
		"many patterns of names":           {`{"patternProperties": {` + strings.Join(patterns, ",") + `}}`, `{` + strings.Join(keys, ",") + `}`},
		"many schemas for each item":       {`{"items": {"allOf": [` + numbers(200, `{"type": "integer"}`) + `]}}`, `[` + numbers(20_000, "1") + `]`},
	} {
		if err := compile(t, test.schema).Validate(t.Context(), []byte(test.value)); !errors.Is(err, schema.ErrTooCostly) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLargeOrdinaryValuesAreWithinTheSteps(t *testing.T) {
	record := `{"id": 17, "kind": "b", "name": "Ann Miller", "at": "2026-01-02T03:04:05Z", "tags": ["a", "b"], "price": 19.99, "mail": "ann@example.com", "note": "` + strings.Repeat("text ", 20) + `"}`
	s := compile(t, `{"items": {
		"type": "object", "required": ["id", "kind"], "unevaluatedProperties": false,
		"properties": {
			"id": {"type": "integer", "minimum": 0}, "name": {"type": "string", "pattern": "^.{1,100}$"},
			"at": {"format": "date-time"}, "tags": {"uniqueItems": true, "items": {"enum": ["a", "b", "c"]}},
			"price": {"multipleOf": 0.01}, "mail": {"format": "email"}, "note": {"maxLength": 1000, "pattern": "^[a-z ]{0,1000}$"}
		},
		"oneOf": [{"properties": {"kind": {"const": "a"}}}, {"properties": {"kind": {"const": "b"}}}, {"properties": {"kind": {"const": "c"}}}]
	}}`)
	for _, n := range []int{1, 100, 1000} {
		value := []byte(`[` + strings.TrimSuffix(strings.Repeat(record+",", n), ",") + `]`)
		if err := s.Validate(t.Context(), value); err != nil {
			t.Errorf("%d records in %d bytes: %v", n, len(value), err)
		}
	}
	dense := []byte(`[` + strings.TrimSuffix(strings.Repeat("1,", 100_000), ",") + `]`)
	if err := compile(t, `{"items": {"type": "integer", "minimum": 0, "allOf": [{"maximum": 9}]}}`).Validate(t.Context(), dense); err != nil {
		t.Errorf("200 KB of numbers: %v", err)
	}
}

func TestAValidationEndsWithItsContext(t *testing.T) {
	ctx := &endsAfter{Context: t.Context(), most: 10}
	if err := compile(t, explosive).Validate(ctx, nested(60)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if ctx.asked != ctx.most+1 {
		t.Errorf("the context was asked %d times after its end", ctx.asked-ctx.most)
	}
}

func TestTheFormatRegexCompilesNothing(t *testing.T) {
	s := compile(t, `{"format": "regex"}`)
	value := []byte(`"` + strings.Repeat("x{1000}", 140) + `"`)
	if bytes := alloctest.Bytes(func() {
		if err := s.Validate(t.Context(), value); err != nil {
			t.Error(err)
		}
	}); bytes > 200<<10 {
		t.Errorf("%d bytes of an expression take %d", len(value), bytes)
	}
	expectMismatch(t, s.Validate(t.Context(), []byte(`"(["`)), "not valid regex")
	expectMismatch(t, s.Validate(t.Context(), []byte(`"`+strings.Repeat("x", 1025)+`"`)), "more than 1,024 bytes long")
}

func TestAPanicOfTheLibraryIsAnError(t *testing.T) {
	s, err := schema.Faulty("string", "a fault")
	if err != nil {
		t.Fatal(err)
	}
	fault, ok := errors.AsType[*schema.FaultError](s.Validate(t.Context(), []byte(`"a"`)))
	if !ok || fault.Fault != "a fault" || !strings.Contains(fault.LogValue().String(), "goroutine") {
		t.Errorf("got %v", fault)
	}
	if err := s.Validate(t.Context(), []byte(`"a"`)); err != nil {
		t.Errorf("after the panic: %v", err)
	}
	expectMismatch(t, s.Validate(t.Context(), []byte(`1`)), "got number, want string")
}
