package apitest

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tidings-io/tidings/internal/httpapi"
)

// Document is the part of an OpenAPI document that the checks read.
type Document struct {
	OpenAPI string
	Info    struct{ Title, Version string }
	Tags    []struct{ Name string }
	Paths   map[string]map[string]struct {
		OperationID string
		Summary     string
		Description string
		Tags        []string
		Security    []map[string][]string
		Parameters  []struct{ Name, In, Description string }
		RequestBody *struct {
			Required bool
			Content  map[string]struct{ Schema, Example any }
		}
		Responses map[string]struct {
			Description string
			Content     map[string]struct{ Schema any }
		}
	}
	Components struct {
		Schemas         map[string]map[string]any
		SecuritySchemes map[string]map[string]any
	}

	raw string
}

// ReadDocument returns the OpenAPI document of an API.
func ReadDocument(t testing.TB, api http.Handler) Document {
	t.Helper()
	answer := Request{Method: http.MethodGet, Path: "openapi.json"}.Send(t, api)
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("%d %s", answer.Code, answer.Header())
	}
	doc := Document{raw: answer.Body.String()}
	if err := json.Unmarshal([]byte(doc.raw), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// Operations lists the operations as "METHOD /path", sorted.
func (d Document) Operations() []string {
	var list []string
	for path, methods := range d.Paths {
		for method := range methods {
			list = append(list, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(list)
	return list
}

// Check reports everything that a reader of the document would miss, and operations that need no key.
func (d Document) Check(t testing.TB, api http.Handler) {
	t.Helper()
	d.checkTexts(t)
	d.checkExamples(t)
	for _, operation := range d.Operations() {
		method, path, _ := strings.Cut(operation, " ")
		path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(strings.TrimPrefix(path, httpapi.Prefix), "1")
		if answer := (Request{Method: method, Path: path}).Send(t, api); answer.Code != http.StatusUnauthorized {
			t.Errorf("%s answers %d without a key", operation, answer.Code)
		}
	}
}

func (d Document) checkTexts(t testing.TB) {
	t.Helper()
	ids := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			where := method + " " + path
			if ids[op.OperationID] || op.OperationID == "" {
				t.Errorf("%s: operation id %q", where, op.OperationID)
			}
			ids[op.OperationID] = true
			if op.Summary == "" || !strings.Contains(op.Description, "Scope: `") || len(op.Tags) != 1 {
				t.Errorf("%s: summary %q, description %q, tags %q", where, op.Summary, op.Description, op.Tags)
			}
			if len(op.Security) != 1 || op.Security[0]["apiKey"] == nil {
				t.Errorf("%s: security %v", where, op.Security)
			}
			for _, status := range []string{"401", "403", "429", "500"} {
				if _, ok := op.Responses[status].Content["application/problem+json"]; !ok {
					t.Errorf("%s: no problem document for %s", where, status)
				}
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(op.Responses)), func(s string) bool { return s[0] == '2' }) {
				t.Errorf("%s: no success", where)
			}
			for _, parameter := range op.Parameters {
				if parameter.Description == "" {
					t.Errorf("%s: parameter %s is not described", where, parameter.Name)
				}
			}
		}
	}
}

// checkExamples reports examples that do not fit their schema, because people copy them, and every $ref
// that leads nowhere.
func (d Document) checkExamples(t testing.TB) {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(d.raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("openapi.json", parsed); err != nil {
		t.Fatal(err)
	}
	for name := range d.Components.Schemas {
		if _, err := compiler.Compile("openapi.json#/components/schemas/" + name); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.RequestBody == nil {
				continue
			}
			if !op.RequestBody.Required || op.RequestBody.Content["application/json"].Example == nil {
				t.Errorf("%s %s: the body is not required, or has no example", method, path)
				continue
			}
			at := "openapi.json#/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + method + "/requestBody/content/application~1json/schema"
			schema, err := compiler.Compile(at)
			if err != nil {
				t.Errorf("%s %s: %v", method, path, err)
				continue
			}
			if err := schema.Validate(op.RequestBody.Content["application/json"].Example); err != nil {
				t.Errorf("%s %s: the example: %v", method, path, err)
			}
		}
	}
}
