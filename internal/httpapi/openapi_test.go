package httpapi_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

type openapi struct {
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
}

func readDocument(t *testing.T) (openapi, []byte) {
	t.Helper()
	answer := request{method: "GET", path: "openapi.json"}.send(t, newAPI(t, &fakes{}))
	if answer.Code != 200 || answer.Header().Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("%d %s", answer.Code, answer.Header())
	}
	var doc openapi
	if err := json.Unmarshal(answer.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc, answer.Body.Bytes()
}

// operations is every operation of the API. A route that is not here does not exist: the test below
// asks each of them, and what the document leaves out would be missing here.
var operations = []string{
	"DELETE /api/v1/maintenance", "DELETE /api/v1/sessions/{id}",
	"GET /api/v1/maintenance", "GET /api/v1/presence/{record}", "GET /api/v1/sessions", "GET /api/v1/topics",
	"POST /api/v1/call", "POST /api/v1/content/changed", "POST /api/v1/publish", "POST /api/v1/publish/batch", "POST /api/v1/tickets",
	"PUT /api/v1/maintenance",
}

func TestTheDocumentHasEveryOperation(t *testing.T) {
	doc, _ := readDocument(t)
	var got []string
	for path, methods := range doc.Paths {
		for method := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(operations, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, operation := range operations {
		method, path, _ := strings.Cut(operation, " ")
		path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(strings.TrimPrefix(path, "/api/v1/"), "1")
		if answer := (request{method: method, path: path}).send(t, newAPI(t, &fakes{})); answer.Code != 401 {
			t.Errorf("%s answers %d without a key", operation, answer.Code)
		}
	}
}

func TestTheDocumentSaysEverythingAboutAnOperation(t *testing.T) {
	doc, _ := readDocument(t)
	if doc.OpenAPI != "3.1.0" || doc.Info.Title != "Tidings" || doc.Info.Version != "1.2.3" {
		t.Errorf("openapi %q, info %+v", doc.OpenAPI, doc.Info)
	}
	if scheme := doc.Components.SecuritySchemes["apiKey"]; scheme["type"] != "http" || scheme["scheme"] != "bearer" {
		t.Errorf("security scheme %v", scheme)
	}
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
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

// The examples are what people copy: each must be what its schema describes, and every $ref must
// lead somewhere. The compiler of schemas follows them all.
func TestTheExamplesFitTheirSchemas(t *testing.T) {
	doc, raw := readDocument(t)
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("openapi.json", parsed); err != nil {
		t.Fatal(err)
	}
	for name := range doc.Components.Schemas {
		if _, err := compiler.Compile("openapi.json#/components/schemas/" + name); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
	for path, methods := range doc.Paths {
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
